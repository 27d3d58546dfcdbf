"""Settings of the lean peer: the product's, without middleware."""

from bekal.project.settings import *  # noqa: F403

MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.surging.lean"
