#!/bin/sh
# check.sh PROGRAM: tests it, and writes a JUnit report.
failed=0
echo '<testsuite name="add">'
check() { # check A B SUM
	got=$("$program" "$1" "$2")
	echo "<testcase classname=\"add\" name=\"$1 and $2\">"
	if [ "$got" != "$3" ]; then
		echo "<failure message=\"got $got, want $3\"/>"
		failed=1
	fi
	echo '</testcase>'
}
program=$1
check 1 1 2
check 20 22 42
check -5 5 0
echo '</testsuite>'
exit $failed
