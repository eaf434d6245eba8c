"""Settings of every suite: properties are tested without a stopwatch.

The machine that runs the tests may be busy; how fast code is belongs into `benchmarks`.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "zhenglian", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("zhenglian")
