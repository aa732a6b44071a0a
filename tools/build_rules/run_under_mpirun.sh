#!/bin/bash
# run_under_mpirun.sh RANKS PROGRAM [ARGUMENT...]: starts a test program on RANKS
# local ranks with the Open MPI of the build.
set -euo pipefail
ranks=$1 program=$2
shift 2
mpi=${TEST_SRCDIR:?}/mpi
source "$mpi/prefix.sh"
if [ "$MPI_IS_RELOCATED" = 1 ]; then
  export LD_LIBRARY_PATH=$mpi/lib:$mpi/lib/openmpi${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
# Socket paths below TMPDIR must be short.
TMPDIR=$(mktemp -d /tmp/mpi.XXXXXX)
export TMPDIR HOME=${HOME:-$TMPDIR}
# Open MPI names its shared memory after the process number of mpirun, which
# repeats in the sandbox of every test, while /dev/shm is that of the machine: two
# tests at once crashed each other. (sm: Open MPI 5; vader: 4.)
shared_memory=$(mktemp -d /dev/shm/mpi.XXXXXX 2>/dev/null || echo "$TMPDIR")
export OMPI_MCA_btl_sm_backing_directory=$shared_memory
export OMPI_MCA_btl_vader_backing_directory=$shared_memory
trap 'rm -rf "$TMPDIR" "$shared_memory"' EXIT
# The ranks are many programs that each would remove it.
unset TEST_PREMATURE_EXIT_FILE
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$mpi/bin/mpirun" --oversubscribe --bind-to none -np "$ranks" "./$program" "$@"
