#!/bin/bash
# fetch_package.sh KIND PACKAGE FILE SHA256 SIZE DESTINATION
#
# Puts one pinned file of a package at DESTINATION (named after its digest in the
# user's download cache) with the ordinary package client of this machine, as that
# client is configured: no host is named here, nothing is installed, no root.
#   KIND wheel:  PACKAGE name==version, with pip
#        deb:    PACKAGE name=version, with apt-get download
#        source: PACKAGE source name, FILE its upstream tarball, with apt-get source
set -euo pipefail
kind=$1 package=$2 file=$3 sha256=$4 size=$5 destination=$6

mkdir -p "$(dirname "$destination")"
work=$(mktemp -d "$destination.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "reprise: fetching $package ($size)" >&2

fail() {
  {
    echo "reprise: could not fetch $package: $1"
    tail -n 5 "$work/log"
    echo "remedy: $2"
  } >&2
  exit 1
}

# The machine's own package sources, with private lists so that neither root nor
# a change of the system is needed. Prints apt-get options, one a line.
apt_options() {
  local types=$1 state
  state="$(dirname "$destination")/apt-$types"
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : > "$state/reprise.list"
  : > "$state/reprise.sources"
  sed "s/^Types:.*/Types: $types/" /etc/apt/sources.list.d/*.sources \
    > "$state/reprise.sources" 2>/dev/null || true
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null \
    | sed -n "s/^deb /$types /p" > "$state/reprise.list" || true
  local list="$state/reprise.sources"
  [ -s "$list" ] || list="$state/reprise.list"
  printf '%s\n' -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache" \
    -o APT::Sandbox::User=
  # One update a day serves all packages of a build.
  exec 9> "$state/lock"
  flock 9
  if [ -z "$(find "$state/updated" -mmin -1440 2>/dev/null)" ]; then
    apt-get -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=/dev/null \
      -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache" \
      -o APT::Sandbox::User= -qq update >> "$work/log" 2>&1
    touch "$state/updated"
  fi
  exec 9>&-
}

cd "$work"
: > log
case $kind in
  wheel)
    tags=()
    for tag in linux_x86_64 manylinux1_x86_64 manylinux2010_x86_64 \
        manylinux2014_x86_64 $(seq -f 'manylinux_2_%g_x86_64' 5 39); do
      tags+=(--platform "$tag")
    done
    echo "$package --hash=sha256:$sha256" > requirements.txt
    python3 -m pip download --no-deps --require-hashes --only-binary=:all: \
      --no-cache-dir --implementation cp --python-version 3.12 "${tags[@]}" \
      -r requirements.txt > log 2>&1 \
      || fail "pip download failed" "check pip's index settings and the network"
    file=$(ls ./*.whl)
    ;;
  deb)
    mapfile -t options < <(apt_options deb)
    apt-get "${options[@]}" download "$package" >> log 2>&1 \
      || fail "apt-get download failed" "check /etc/apt/sources.list and the network"
    file=$(ls ./*.deb)
    ;;
  source)
    mapfile -t options < <(apt_options deb-src)
    apt-get "${options[@]}" -qq source --download-only "$package" >> log 2>&1 \
      || fail "apt-get source failed" "check /etc/apt/sources.list and the network"
    ;;
esac
found=$(sha256sum "$file" | cut -d' ' -f1)
[ "$found" = "$sha256" ] \
  || fail "$file has sha256 $found, expected $sha256" "update the pin in third_party, or use the release of Debian that it names"
mv "$file" "$destination"
