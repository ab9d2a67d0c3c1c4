"""Every parser of what comes from outside, given anything: by hypothesis in each run of the tests, and for longer, led
by what it covers, by atheris (`make fuzz`)."""
