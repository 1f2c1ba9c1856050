#!/usr/bin/env bash
# --keep: what a failed job ran in stays, and can be entered as is said; `clean` removes it.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
fails:
  image: busybox
  services: [{name: redis:7, alias: db}]
  script: ["echo work > work.txt", "false"]
passes: {image: busybox, script: ["true"]}
END
remember
run 1 run --keep
has "job 'fails' is kept; to enter it: docker start cilocal-"
has_not "job 'passes' is kept"
has "'cilocal clean --engine' removes kept containers"
command=$(sed -n 's/.*to enter it: //p' "$work/out")
name=$(awk '{ print $3 }' <<<"$command")
[[ $command == "docker start $name && docker exec -it -w '/builds/group/project' $name sh" ]] || fail "to enter: $command"

# The next run leaves it alone. It stays up when it is started without a client, with its files and services.
run 0 run passes
api POST "/containers/$name/start" -f -o /dev/null
sleep 1
state=$(api GET "/containers/$name/json" | jq -r .State.Status)
[[ $state == running ]] || fail "the kept container is $state"
api GET "/containers/$name/archive?path=/builds/group/project/work.txt" -f | tar -xOf - | grep -qx work ||
	fail "the job's file is not there"
state=$(api GET "/containers/${name%-build}-svc-0/json" | jq -r .State.Status)
[[ $state == running ]] || fail "the kept service is $state"
run 0 clean --engine
has "removed container"
nothing_left
