#!/usr/bin/env bash
# What must be on this machine before the stack can start, and how does it get there?
# Debian packages, the locked Python packages in .talon/venv, Kafka's jars in .talon/kafka/VERSION.
# When nothing is missing it says nothing and takes a few hundredths of a second.
# What only one verb needs is named as an argument: chromium, the browser that looks at the pages, wrk,
# which asks for bookings in the bench, faketime, by which a clock is wrong, and postfix, the mail server
# of the tests, which is nothing for the machine. Such a package has
# the name of its program. `peers` is what the messenger talks to in its tests, of others' making, from npm
# and through Maven.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
home=$root/.talon
lock=requirements.lock
pom=deploy/kafka/pom.xml
peers=tests/peers
also=$*
postgres_least=15
java_least=17

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# --- The machine's own packages -----------------------------------------------------------------

has_postgres() {
    local server version
    for server in /usr/lib/postgresql/*/bin/postgres; do
        version=${server#/usr/lib/postgresql/}
        version=${version%%/*}
        [ -x "$server" ] && [ "${version%%.*}" -ge "$postgres_least" ] && return 0
    done
    return 1
}

has_java() {
    local version
    version=$(java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p') || return 1
    [ -n "$version" ] && [ "$version" -ge "$java_least" ]
}

# The first Python that is new enough and can make virtual environments.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3 python3.{14,13,12,11}; do
        if "$candidate" -c '
import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# An ordinary account's PATH often lacks /usr/sbin, where Debian puts it.
has_daemon() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

missing_packages() {
    has_postgres || echo postgresql
    has_daemon nginx || echo nginx
    command -v prometheus >/dev/null || echo prometheus
    has_java || echo default-jre-headless
    [ -f "$jars/.complete" ] && peer_jars_are_whole || command -v mvn >/dev/null || echo maven
    venv_is_whole || find_python >/dev/null || echo python3-venv
    command -v setpriv >/dev/null || echo util-linux
    local program
    for program in $also; do
        if [ "$program" = peers ]; then
            command -v node >/dev/null || echo nodejs
            command -v npm >/dev/null || echo npm
        else
            has_daemon "$program" || echo "$program"
        fi
    done
}

install_packages() {
    local missing elevate=()
    missing=$(missing_packages | paste -sd' ')
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null ||
        fail "this machine has no apt-get; install what these Debian packages hold: $missing"
    if [ "$(id -u)" -ne 0 ]; then
        # Without a terminal sudo cannot ask for a password, so it must not need one.
        command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
            fail "not root and no sudo; ask someone to run: apt-get install $missing"
        elevate=(sudo)
    fi
    say "installing Debian packages: $missing"
    # shellcheck disable=SC2086  # one word is one package
    "${elevate[@]}" bash deploy/local/packages.sh $missing >&2 ||
        fail "apt-get failed; install these packages by hand and run it again: $missing"
    missing=$(missing_packages | paste -sd' ')
    [ -z "$missing" ] ||
        fail "still missing or too old after apt-get: $missing (PostgreSQL must be" \
            "$postgres_least or newer, Java $java_least or newer, Python 3.11 or newer)"
}

# --- Python -------------------------------------------------------------------------------------

# A virtual environment knows its own path, so a moved checkout needs a new one.
venv_stamp() {
    { cat "$lock" && echo "$root"; } | sha256sum
}

venv_is_whole() {
    [ "$(cat "$home/venv/.complete" 2>/dev/null)" = "$(venv_stamp)" ] &&
        "$home/venv/bin/python" -c '' 2>/dev/null
}

install_venv() {
    local python
    venv_is_whole && return 0
    python=$(find_python)
    say "installing $(grep -c '^[a-z].*==' "$lock") Python packages from $lock into .talon/venv"
    rm -rf "$home/venv"
    "$python" -m venv "$home/venv"
    "$home/venv/bin/python" -m pip install --require-hashes --no-deps \
        --disable-pip-version-check --no-input -r "$lock" |
        awk '/^Collecting/ { n += 1; printf "setup:   %3d %s\n", n, $2 }' >&2 ||
        fail "pip could not install what $lock names; what it said is above"
    venv_stamp >"$home/venv/.complete"
}

# --- Kafka --------------------------------------------------------------------------------------

install_kafka() {
    local stamp
    stamp=$(sha256sum <"$pom")
    [ "$(cat "$jars/.complete" 2>/dev/null)" = "$stamp" ] && return 0
    say "fetching Kafka $kafka_version through Maven into .talon/kafka/$kafka_version"
    rm -rf "$jars" "$jars.part"
    mkdir -p "$jars.part"
    mvn -B -C -f "$pom" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$jars.part" >"$jars.log" 2>&1 &
    show_jars $!
    wait $! || {
        tail -n 15 "$jars.log" >&2
        fail "Maven failed; the whole of what it said is in ${jars#"$root"/}.log"
    }
    echo "$stamp" >"$jars.part/.complete"
    mv "$jars.part" "$jars"
    say "  $(find "$jars" -name '*.jar' | wc -l) jars, $(du -sh "$jars" | cut -f1)"
}

# Maven runs in the background so that someone can be told how far it has come.
show_jars() {
    local seconds=0
    while kill -0 "$1" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        [ $((seconds % 5)) -ne 0 ] ||
            say "  $(grep -c 'Downloaded from' "$jars.log") files fetched, $seconds s"
    done
}

# --- The tests' peers ---------------------------------------------------------------------------

wants_peers() {
    case " $also " in *" peers "*) ;; *) return 1 ;; esac
}

install_peers() {
    local stamp
    wants_peers || return 0
    stamp=$(sha256sum <"$peers/package-lock.json")
    [ "$(cat "$home/peers/.complete" 2>/dev/null)" = "$stamp" ] && return 0
    say "installing what $peers/package-lock.json names into .talon/peers"
    rm -rf "$home/peers"
    mkdir -p "$home/peers"
    cp "$peers/package.json" "$peers/package-lock.json" "$peers/.npmrc" "$home/peers/"
    npm ci --prefix "$home/peers" --ignore-scripts --loglevel=error >&2 ||
        fail "npm could not install what $peers/package-lock.json names; what it said is above"
    echo "$stamp" >"$home/peers/.complete"
}

# True as well where nobody wants them.
peer_jars_are_whole() {
    ! wants_peers || [ "$(cat "$home/peer-jars/.complete" 2>/dev/null)" = "$(sha256sum <"$peers/pom.xml")" ]
}

install_peer_jars() {
    peer_jars_are_whole && return 0
    say "fetching what $peers/pom.xml names through Maven into .talon/peer-jars"
    rm -rf "$home/peer-jars"
    mkdir -p "$home/peer-jars"
    mvn -B -C -f "$peers/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$home/peer-jars" >"$home/peer-jars.log" 2>&1 || {
        tail -n 15 "$home/peer-jars.log" >&2
        fail "Maven failed; the whole of what it said is in .talon/peer-jars.log"
    }
    sha256sum <"$peers/pom.xml" >"$home/peer-jars/.complete"
}

# --- All of it ----------------------------------------------------------------------------------

kafka_version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
jars=$home/kafka/$kafka_version

mkdir -p "$home/kafka" 2>/dev/null && [ -w "$home" ] && [ -O "$home" ] ||
    fail ".talon belongs to $(stat -c %U "$home"), not to $(id -un);" \
        "use one account for this checkout, or remove .talon and start afresh"
# Two at once would write over each other; the second one waits and then finds everything done.
exec 9>"$home/setup.lock"
flock 9

install_packages
install_venv
install_kafka
install_peers
install_peer_jars
