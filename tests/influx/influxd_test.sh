#!/bin/bash
set -euo pipefail
exec python3 "$1" "$2"
