#!/bin/sh
# How does the broker start in its container? As on one machine: the same settings, the same Java
# options. A template, filled in at each start.
#
# The image's own way formats without --standalone, which a node with
# controller.quorum.bootstrap.servers refuses.
set -eu

settings={{folder}}/server.properties
data=$(sed -n 's/^log\.dirs=//p' "$settings")
libraries=${KAFKA_LIBRARIES:-/opt/kafka/libs}

secrets={{secrets}}

if [ ! -f "$data/meta.properties" ]; then
    # A made-up id, as `StorageTool random-uuid` would print it, without starting Java twice.
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c 1-22)
    # Java reads the rest of its command line from a file: everybody sees the one it is started with.
    words=$(mktemp)
    {
        echo kafka.tools.StorageTool format --standalone --ignore-formatted
        echo "--cluster-id=$cluster" "--config=$settings"
        for user in {{first_users}}; do
            echo "--add-scram={{mechanism}}=[name=$user,password=$(cat "$secrets/$user")]"
        done
    } >"$words"
    java -cp "$libraries/*" "@$words"
    rm "$words"
fi

# Warnings go to standard output, where Docker keeps them. Left alone, log4j would tell of errors only.
exec java {{machine}} -Dlog4j2.level=WARN -cp "$libraries/*" kafka.Kafka "$settings"
