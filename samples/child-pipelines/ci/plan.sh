#!/bin/sh
# Writes a pipeline: one job for each line of the file.
while read -r part; do
	printf 'build %s:\n  script:\n    - echo "building %s"\n' "$part" "$part"
done <"$1"
