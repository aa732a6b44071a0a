#!/bin/sh
# What tells this machine's objects from another's, a line each: the compiler with its
# package's revision, its C++ library, the linker, the C library, the distribution.
#   compiler_identity.sh COMPILER [OS_RELEASE]
set -eu
compiler=$1
os_release=${2:-/etc/os-release}
version=$("$compiler" --version)
machine=$("$compiler" -dumpmachine)
first_line() { ("$@" 2> /dev/null || echo unknown) | head -n 1; }
macros() { "$compiler" -x c++ -dM -E -include cstddef /dev/null 2> /dev/null || true; }

echo "compiler: $(echo "$version" | head -n 1), $machine"
# clang takes that of a gcc, whose release is not among clang's own.
echo "C++ library: $(macros | grep -E "^#define __?(GLIBCXX__|LIBCPP_VERSION) " | cut -d ' ' -f 2- | sort | tr '\n' ' ')"
echo "linker: $(first_line ld --version)"
# Without its package's revision: headers and symbols stay within a version.
echo "C library: $(first_line getconf GNU_LIBC_VERSION)"
echo "distribution: $(grep -E '^(ID|VERSION_ID)=' "$os_release" 2> /dev/null | sort | tr -d '"' | tr '\n' ' ')"
