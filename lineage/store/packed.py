"""Packing: documents that are kept whole, and bodies that are seldom read, which are those of runs whose details were
forgotten.

A body is a kilobyte of JSON, which by itself packs badly. Packed beside a text that has what all bodies have in common,
it takes a quarter to a third. That text can never change: what was packed beside it is unpacked beside it.
"""

from threading import local
from typing import Final

import zstandard

_COMMON: Final = (
    b'{"cluster":"default","created_at":null,"name":"","namespace":"kubeflow","resource":"trainjobs.trainer.kubeflow.org'
    b'pytorchjobs.kubeflow.org","run":"","run_kind":"TrainJob","run_name":"","state":{,"type":"execution","uid":"'
    b'{"annotations":{},"cluster":"","created_at":"2026-","display_name":"","executions":null,"experiment":null,'
    b'"finished_at":"2026-","incarnation":"","labels":{},"message":null,"name":"","namespace":"","nodes_missing":null,'
    b'"parameters":[{"name":"","redacted":false,"value":""}],"phase":"FAILED","pipeline":{"digest":"sha256:","name":"",'
    b'"namespace":"","spec":""},"repository":{"bucket":"mlpipeline","store":"cluster:default"},"resubmitted_from":null,'
    b'"revision":{"digest":"","ended":true,"kind":"K","latest":17,"life":"01017 ","version":"00"},"run":"",'
    b'"scheduled_at":"2026-","started_at":"2026-","type":"run","uid":"","workflow_uid":""}'
    b'{"cluster":"","created_at":"2026-","exit_code":0,"finished_at":"2026-","host":"","images":[{"container":"wait",'
    b'"digest":null,"digest_kind":"UNKNOWN","reference":"quay.io/argoproj/argoexec:v3"},{"container":"main",'
    b'"digest":"sha256:","digest_kind":"MANIFEST","reference":"python:3.11"}],"name":"","namespace":"","node_id":"",'
    b'"node_name":"","owner_name":"","owner_uid":"","phase":"SUCCEEDED","reason":null,"restarts":0,"reused":false,'
    b'"revision":{"digest":"","ended":true,"kind":"K","latest":17,"life":"01017 ","version":"00"},"run_label":"",'
    b'"started_at":"2026-","type":"pod","uid":""}'
    b'{"acts":true,"attempt":0,"cached_from":null,"display_name":"","exit_code":0,"finished_at":"2026-",'
    b'"input_parameters":[],"is_group":false,"is_system":true,"kind":"POD","memoized":false,"message":null,"name":"",'
    b'"node_id":"","output_parameters":[],"parents":[["",17],"phase":"SUCCEEDED",'
    b'"reads":[{"location":{"store":"cluster:default","uri":"s3://mlpipeline/artifacts/"},"name":"","type":"Dataset"}],'
    b'"resources":null,"started_at":17,"template":"","told_as":"","writes":[{"location":{"store":"cluster:default",'
    b'"uri":"s3://mlpipeline/artifacts/"},"name":"main-logs","own":true,"reused":false},{"location":{"store":"","uri":'
    b'"s3://mlpipeline/v2/artifacts/"},"name":"model","own":false,"reused":false,"type":"Model"}]}'
)
_BESIDE: Final = zstandard.ZstdCompressionDict(_COMMON, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
LEVEL: Final = 9  # some 50 µs a body, once in its life
PACKED: Final = zstandard.FRAME_HEADER[0]
"""With what a packed body begins, and no JSON does."""


class _Packing(local):
    """What packs and unpacks: one of each a thread. To make it takes longer than to pack a body, and threads must not
    share it."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor().compress
        self.pack = zstandard.ZstdCompressor(level=LEVEL, dict_data=_BESIDE).compress
        self.unpack = zstandard.ZstdDecompressor(dict_data=_BESIDE).decompress


_packing = _Packing()


def compress(document: bytes) -> bytes:
    """Pack a document by itself: of some kilobytes, so that it needs nothing beside it."""
    return _packing.compress(document)


def pack(body: bytes) -> bytes:
    """Pack a body of JSON."""
    return _packing.pack(body)


def unpack(body: bytes) -> bytes:
    """Give back a body that was packed."""
    return _packing.unpack(body)
