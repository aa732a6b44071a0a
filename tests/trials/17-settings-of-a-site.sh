# Settings of Open MPI in the environment that this machine cannot meet. Found: Open MPI said
# what it lacks, and the program only that a rank had ended.
source "${0%/*}/trial.sh" "$@"
mnist data/MNIST/raw
for setting in OMPI_MCA_pml=ucx OMPI_MCA_btl=self OMPI_MCA_pml=nonsense OMPI_MCA_btl=nonsense PMIX_MCA_gds=nonsense PRTE_MCA_plm=nonsense OMPI_MCA_mtl=psm2; do
  as=(env $setting); learn --ranks=2 --dataset-dir=data; as=()
  if [ $code = 0 ]; then ok "$setting: runs"
  elif [ $code -lt 124 ] && says "$setting"; then ok "$setting: exit $code, and it is named"
  else bad "$setting: exit $code: $(last)"; fi
done
as=(env OMPI_MCA_pml=nonsense); learn --dataset-dir=data; judge "one rank does not care" read_real_data
