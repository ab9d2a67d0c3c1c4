"""Pipelines that the SDKs of Kubeflow compile: each module is run with its SDK on the path, and nothing of ours."""
