#!/bin/bash
# What bazelw says and runs on machines that lack something, played with a PATH of
# stand-ins: nothing is installed and no Bazel is started.
#   bazelw_test.sh BAZELW
# shellcheck disable=SC2016  # the stand-ins expand their own variables
set -uo pipefail
bazelw=$PWD/$1
cd "$TEST_TMPDIR" || exit 1
export HOME=$TEST_TMPDIR/home
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
contains() { [[ "$output" == *"$1"* ]] || fail "$case: no '$1' in: $output"; }
one_line() { [ "$(wc -l <<< "$output")" = 1 ] || fail "$case: not one line: $output"; }
equals() { [ "$output" = "$1" ] || fail "$case: expected '$1', found '$output'"; }

# machine: a checkout, and a PATH with every tool that bazelw asks for but Bazel.
machine() {
  case=$1
  rm -rf checkout home bin calls
  mkdir -p checkout/core home bin
  cp -L "$bazelw" checkout/bazelw
  local tool
  for tool in bash ln dirname readlink mktemp tail rm sed; do
    ln -s "$(command -v "$tool")" "bin/$tool"
  done
  for tool in g++ unzip xz bzip2 perl python3 patch; do
    stub "$tool" 'exit 0'
  done
  stub apt-get 'echo "apt-get $*" >> "$CALLS"'
  stub id 'echo 1000'
}
stub() {
  rm -f "bin/$1"
  printf '#!/bin/bash\n%s\n' "$2" > "bin/$1"
  chmod +x "bin/$1"
}
# The installation brings a Bazel that shows how it is called.
apt_get_brings_bazel() {
  stub bazel.deb '[ "$1" = --version ] && { echo "bazel ${BAZEL_VERSION:-4.2.3}"; exit; }; echo "$PWD: $*"'
  stub apt-get 'echo "apt-get $*" >> "$CALLS"; [ "$1" = update ] || ln -s bazel.deb "${0%/*}/bazel"'
}
bazel_is_there() {
  apt_get_brings_bazel
  ln -s bazel.deb bin/bazel
}
# run CODE PROGRAM ARGUMENT...: its output goes to $output, calls of apt-get to calls.
run() {
  local code=$1 actual
  shift
  output=$(PATH=$TEST_TMPDIR/bin CALLS=$TEST_TMPDIR/calls /bin/bash "$@" 2>&1)
  actual=$?
  [ "$actual" = "$code" ] || fail "$case: exit code $actual, expected $code: $output"
}
calls() { cat calls 2> /dev/null; }
install="apt-get update && apt-get install -y --no-install-recommends"

machine "a checkout in a path with a space"
mkdir -p "a b"
cp checkout/bazelw "a b/bazelw"
run 2 "a b/bazelw" test //...
one_line
contains "'$(pwd -P)/a b'"
contains "move the checkout to a path without one"

machine "a home folder with a space"
HOME="$TEST_TMPDIR/my home" run 2 checkout/bazelw test //...
one_line
contains "'$TEST_TMPDIR/my home'"
contains "set HOME"

machine "neither root nor sudo"
rm bin/unzip
run 2 checkout/bazelw test //...
equals "bazelw: as root, run: $install bazel-bootstrap unzip"
[ -z "$(calls)" ] || fail "$case: called $(calls)"

machine "no apt-get"
rm bin/apt-get bin/g++
run 2 checkout/bazelw test //...
one_line
contains "lacks bazel-bootstrap g++; install them with its package manager"

machine "root: installs, then runs Bazel"
stub id 'echo 0'
apt_get_brings_bazel
run 0 checkout/bazelw test //...
contains "bazelw: installing bazel-bootstrap"
contains "/checkout: test //..."
[ "$(calls)" = "apt-get update
apt-get install -y --no-install-recommends bazel-bootstrap" ] || fail "$case: called $(calls)"

machine "sudo: installs through it"
stub sudo 'echo sudo >> "$CALLS"; exec "$@"'
apt_get_brings_bazel
run 0 checkout/bazelw test //...
contains "/checkout: test //..."
[ "$(calls | head -n 1)" = sudo ] || fail "$case: called $(calls)"

machine "a failing installation ends with the line to run"
stub id 'echo 0'
stub apt-get 'echo "E: no such package"; exit 100'
run 2 checkout/bazelw test //...
contains "E: no such package"
contains "bazelw: could not install them; as root, run: $install bazel-bootstrap"

machine "nothing missing: from elsewhere, by a symlink, and from below the checkout"
bazel_is_there
ln -s "$TEST_TMPDIR/checkout/bazelw" home/wrapper
run 0 home/wrapper build --config=clang "//core:a b"
equals "$(pwd -P)/checkout: build --config=clang //core:a b"
cd checkout/core || exit 1
run 0 ../bazelw test :all
cd ../.. || exit 1
equals "$(pwd -P)/checkout/core: test :all"
[ -z "$(calls)" ] || fail "$case: called $(calls)"

machine "Bazel 7 is told to read WORKSPACE"
bazel_is_there
BAZEL_VERSION=7.1.0 run 0 checkout/bazelw test //...
equals "$(pwd -P)/checkout: test --noenable_bzlmod --enable_workspace //..."

machine "Bazel 9, which reads no WORKSPACE, is refused in one line"
bazel_is_there
BAZEL_VERSION=9.1.0 run 2 checkout/bazelw test //...
one_line
contains "bin/bazel' is Bazel 9, which no longer reads WORKSPACE files; Reprise needs Bazel 4.2 to 8"

[ "$failures" = 0 ] && echo "all as expected"
exit $((failures > 0))
