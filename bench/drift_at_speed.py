#!/usr/bin/env python3
"""What is left of p99's drift over an hour once the machine's own speed is accounted for.

    bench/drift_at_speed.py RESULT     a file as bench/results/scheduler-hours-2026-11-23.json

Least squares of each minute's p99 by time and by a probe (processor ms of the same work, mean of the
minute); the 95 % interval counts residuals as bench/drift.h does, with a parameter more.
"""
import json
import statistics as st
import sys


def without(values, by):
    """The residuals of a line through values."""
    slope, base = st.linear_regression(by, values)
    return [v - base - slope * b for v, b in zip(values, by)]


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        result = json.load(f)
    probe = result["probe_ms_by_minute_of_the_second_hour"]
    p99 = result["hours"][1]["by_minute"]["p99_ms"]
    n = len(p99)
    minute, late = without([float(i) for i in range(n)], probe), without(p99, probe)
    over = sum(m * m for m in minute)
    slope = sum(m * v for m, v in zip(minute, late)) / over
    rest = [v - slope * m for m, v in zip(minute, late)]
    alike = max(sum(a * b for a, b in zip(rest, rest[1:])) / sum(r * r for r in rest), 0)
    freedom = n * (1 - alike) / (1 + alike) - 3
    z = st.NormalDist().inv_cdf(0.975)
    student = z + (z ** 3 + z) / 4 / freedom  # Abramowitz and Stegun 26.7.5, its first term
    error = student * (sum(r * r for r in rest) / freedom / over) ** 0.5
    print(f"p99 and the probe: r {st.correlation(probe, p99):.2f}; "
          f"at the same speed {60 * slope:.1f} +- {60 * error:.1f} ms an hour")


if __name__ == "__main__":
    main()
