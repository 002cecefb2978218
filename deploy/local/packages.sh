#!/usr/bin/env bash
# How are Debian packages installed without a daemon or a cluster of their own being left behind?
# Run as root, with the packages' names as arguments.
set -euo pipefail

# While this file lies there, installing PostgreSQL creates no system cluster, so nothing is started.
no_cluster=/etc/postgresql-common/createcluster.d/talon.conf
mkdir -p "$(dirname "$no_cluster")"
echo "create_main_cluster = false" >"$no_cluster"
trap 'rm -f "$no_cluster"; rmdir --ignore-fail-on-non-empty "$(dirname "$no_cluster")"' EXIT

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
