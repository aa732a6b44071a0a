# Lists as schedulers and people write them. Found: repeats and blanks after commas were
# refused; this host in capitals went to ssh.
source "${0%/*}/trial.sh" "$@"
list() { try --print-config --hosts="$1"; if [ -n "$2" ]; then judge "'$1'" grep -qE "^hosts +\"$2\" " <<< "$output"; else judge "'$1' is refused by name" ended 2 "--hosts"; fi; }
list 'a,a,b,a' 'a:3,b:1'
list 'a:2, b:2' 'a:2,b:2'
list 'Node-a:2,node-A' 'Node-a:3'
list 'LocalHost:2' 'localhost:2'
list "$(hostname | tr a-z A-Z):2" "$(hostname):2"
list 'a,,b' ''
list 'a:2,' ''
file() { printf "$2" > hosts; try --print-config --hosts=@hosts; if [ -n "$3" ]; then judge "$1" grep -qE "^hosts +\"$3\" " <<< "$output"; else judge "$1: refused, the line named" ended 2 "hosts:"; fi; }
file "PBS" 'n1.x\nn1.x\nn2.x\n' 'n1.x:2,n2.x:1'
file "Open MPI, with max_slots" 'a slots=2 max_slots=4\nb slots=1 max-slots=1\n' 'a:2,b:1'
file "CRLF, comments, tabs" '\ta:2\r\n# b\r\n\r\nc # d\r\n' 'a:2,c:1'
file "no newline at the end" 'a\na' 'a:2'
file "blanks only" '  \n\n' ''
file "two on a line" 'a b\n' ''
file "Slurm's brackets" 'node[1-4]\n' ''
file "a number alone" 'a\n4:\n' ''
mnist data/MNIST/raw
learn --hosts=LOCALHOST,localhost --dataset-dir=data; judge "LOCALHOST,localhost runs on two ranks" ended 0 "2 ranks of"
learn --hosts="$(hostname | tr a-z A-Z):2" --dataset-dir=data; judge "this host in capitals runs" ended 0 "2 ranks of"
