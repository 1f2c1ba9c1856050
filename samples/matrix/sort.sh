#!/bin/sh
# sort.sh fast|stable FILE
case $1 in
fast) sort "$2" ;;
stable) sort -s -k1,1 "$2" ;;
*) exit 2 ;;
esac
