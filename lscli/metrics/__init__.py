"""Metrics: functions of a SampleTable and settings, a file per family."""
