"""Reads one quantity a line, prints what the Kubernetes client makes of it: a fraction, or nothing."""

import sys
from fractions import Fraction

from kubernetes.utils.quantity import parse_quantity

for line in sys.stdin:
    try:
        print(Fraction(parse_quantity(line.rstrip("\n"))))
    except Exception:
        print("")
