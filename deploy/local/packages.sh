#!/usr/bin/env bash
# How are Debian packages installed without a daemon or a cluster of their own being left behind?
# Run as root, with the packages' names as arguments. However it ends, it takes its own rules away.
set -euo pipefail

no_cluster=/etc/postgresql-common/createcluster.d/talon.conf
policy=/usr/sbin/policy-rc.d
policy_before=$policy.before-talon

# While this file lies there, installing PostgreSQL creates no system cluster, so nothing is started.
forbid_a_cluster() {
    mkdir -p "$(dirname "$no_cluster")"
    echo "create_main_cluster = false" >"$no_cluster"
}

# Debian asks this program before a package starts, stops or restarts a daemon; 101 is "no". So nginx
# and Prometheus are installed without being started, and what somebody runs already is not
# disturbed either.
forbid_daemons() {
    # A copy that is there already is from a run that was cut off, and what lies there now is ours.
    [ -e "$policy_before" ] || [ ! -e "$policy" ] || mv "$policy" "$policy_before"
    printf '#!/bin/sh\n# While Talon installs packages.\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# A policy that was there before comes back.
restore() {
    rm -f "$no_cluster" "$policy"
    rmdir --ignore-fail-on-non-empty "$(dirname "$no_cluster")"
    [ ! -e "$policy_before" ] || mv "$policy_before" "$policy"
}

# Debian also enables these for the next start of the machine, where they would take ports 25, 80 and 9090.
disable_daemons() {
    local package
    for package in "$@"; do
        case $package in
        nginx | postfix | prometheus) update-rc.d "$package" disable ;;
        esac
    done
}

# A mail server asks what it is to be for the machine; it is nothing for it.
forbid_a_mail_name() {
    case " $* " in
    *" postfix "*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
    esac
}

trap restore EXIT
forbid_a_cluster
forbid_daemons
forbid_a_mail_name "$@"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
disable_daemons "$@"
