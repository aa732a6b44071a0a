#!/bin/bash
# Makes the Unicode tables that Debian's +dfsg tarball leaves out, with RE2's own
# scripts. Needs python3 and perl; six, which they import for Python 2, is replaced.
set -euo pipefail
sed -i "s#^_UNICODE_DIR = .*#_UNICODE_DIR = '$PWD/debs/usr/share/unicode'#" re2/unicode.py
sed -i 's/^from six.moves import urllib$/import urllib.request/' re2/unicode.py
cd re2
python3 make_unicode_casefold.py > unicode_casefold.cc
python3 make_unicode_groups.py > unicode_groups.cc
perl make_perl_groups.pl > perl_groups.cc
