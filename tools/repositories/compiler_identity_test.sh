#!/bin/bash
# What compiler_identity.sh tells of stand-ins.
#   compiler_identity_test.sh COMPILER_IDENTITY
set -uo pipefail
identity=$PWD/$1
cd "$TEST_TMPDIR" || exit 1
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# compiler VERSION: one that answers as gcc does.
compiler() {
  cat > compiler << PROGRAM
#!/bin/sh
case \$1 in
  --version) printf 'gcc (Debian $1) 12.2.0\nCopyright\n' ;;
  -dumpmachine) echo x86_64-linux-gnu ;;
  *) printf '#define __GLIBCXX__ 20220819\n#define OTHER 1\n' ;;
esac
PROGRAM
  chmod +x compiler
}
compiler 12.2.0-14
printf 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nID=debian\n' > os-release
first=$("$identity" ./compiler os-release) || fail "exit code $?"
for line in "compiler: gcc (Debian 12.2.0-14) 12.2.0, x86_64-linux-gnu" \
  "C++ library: __GLIBCXX__ 20220819" "distribution: ID=debian VERSION_ID=12"; do
  [[ "$first" == *"$line"* ]] || fail "no '$line' in: $first"
done
[ "$(wc -l <<< "$first")" = 5 ] || fail "not five lines: $first"
[ "$first" = "$("$identity" ./compiler os-release)" ] || fail "differs from one time to another"

compiler 12.2.0-15
[ "$first" != "$("$identity" ./compiler os-release)" ] || fail "a package's revision does not tell"
compiler 12.2.0-14
sed -i 's/12"$/13"/' os-release
[ "$first" != "$("$identity" ./compiler os-release)" ] || fail "a distribution's release does not tell"
"$identity" ./compiler nowhere > /dev/null || fail "fails without os-release"
"$identity" ./no_compiler os-release > /dev/null 2>&1 && fail "tells something of no compiler"

[ "$failures" = 0 ] && echo "all as expected"
exit $((failures > 0))
