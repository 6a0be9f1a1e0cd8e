# SPDX-License-Identifier: Apache-2.0
# Turns what CTest ran into one line per test case: "PASS test: case", "FAIL test: case: why", "SKIP test: case: why".
# Usage: awk -f results.awk results.xml LastTest.log
#
# results.xml (ctest --output-junit) knows how each program ended; LastTest.log has its output, where cmocka says how
# each case ended, and scripts print PASS, FAIL and SKIP lines themselves. A case that began and did not end is a crash
# or a timeout. A program that failed with no case to blame (a leak found at exit, say) is one failure of its own.

function attribute(line, name) {
    return match(line, " " name "=\"[^\"]*\"") ? substr(line, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}

function report(verdict, what, why) {
    print verdict " " test (what == "" ? "" : ": " what) (why == "" ? "" : ": " why)
    reported[verdict]++
}

function begin_program(name) {
    test = name
    running = last_line = first_line = ""
    in_output = summary = cases = 0
    delete reported
}

function end_case(verdict, why) {
    report(verdict, running, why)
    running = first_line = last_line = ""
    cases++
}

function end_program(    how) {
    how = status[test]
    if (running != "")
        end_case("FAIL", "did not end: a crash or the time limit")
    if (how == "fail" && !reported["FAIL"])
        report("FAIL", "", reason[test])
    else if (how == "skip" && !cases)
        report("SKIP", "", last_line == "" ? "cannot run here" : last_line)
    else if (how == "pass" && is_cmocka && !cases)
        report("FAIL", "", "has no test case")
    else if (how == "pass" && !cases)
        report("PASS", "", "")
    ended[test] = 1
    is_cmocka = 0
}

# ---- results.xml ----
FNR == NR {
    if (/<testcase /) {
        xml_test = attribute($0, "name")
        status[xml_test] = attribute($0, "status") == "run" ? "pass" : "fail"
        reason[xml_test] = "failed outside its test cases"
    } else if (/<skipped /) {
        if (attribute($0, "message") ~ /^SKIP_/)
            status[xml_test] = "skip"
        else
            reason[xml_test] = "was not run: " attribute($0, "message")
    }
    next
}

# ---- LastTest.log ----
/^[0-9]+\/[0-9]+ Test: / {
    sub(/^[0-9]+\/[0-9]+ Test: /, "")
    begin_program($0)
    next
}
/^Output:$/ { in_output = 1; next }
!in_output { next }
/<end of output>$/ { end_program(); in_output = 0; next }
/^-+$/ { next }

/^\[==========\] Running / { is_cmocka = 1; summary = 0; next }
/^\[==========\] .* run\.$/ { summary = 1; next }
summary { next }
/^\[ RUN      \] / {
    if (running != "")
        end_case("FAIL", "did not end")
    running = substr($0, 14)
    first_line = last_line = ""
    next
}
running != "" && index($0, "[       OK ] " running) { end_case("PASS"); next }
running != "" && index($0, "[  SKIPPED ] " running) { end_case("SKIP", last_line); next }
running != "" && index($0, "[  FAILED  ] " running) { end_case("FAIL", first_line); next }
running != "" && index($0, "[  ERROR   ] " running) { end_case("FAIL", first_line); next }
!is_cmocka && /^(PASS|FAIL|SKIP) / { report($1, substr($0, 6)); cases++; next }
!/^ *$/ {
    sub(/^\[ .* \] --- /, "") # cmocka's own remarks
    last_line = $0
    if (first_line == "")
        first_line = $0
    else if (/: error: Failure!/ && index(first_line, ": ") == 0)
        first_line = first_line " at " $0
}

END {
    for (name in status)
        if (!(name in ended)) {
            test = name
            report(status[name] == "skip" ? "SKIP" : "FAIL", "", reason[name] " and left no log")
        }
}
