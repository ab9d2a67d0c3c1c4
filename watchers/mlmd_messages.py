"""The messages of ML Metadata, as far as we ask and read: what stands between JSON and the wire.

Declared here rather than compiled from the proto: a generated module works with few releases of protobuf, and the
whole proto is fifty times what is asked. Numbers and types are those of
ml-metadata/ml_metadata/proto/metadata_store.proto and metadata_store_service.proto.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2
from google.protobuf.json_format import MessageToDict, ParseDict, SerializeToJsonError
from google.protobuf.message import DecodeError, Message

SERVICE: Final = "ml_metadata.MetadataStoreService"
_FILE: Final = "kfp_lineage/metadata_store.proto"
_PACKAGE: Final = "ml_metadata"

_PROPERTIES: Final = "map Value"
_MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "Value": {
        "int_value": (1, "oneof int64"),
        "double_value": (2, "oneof double"),
        "string_value": (3, "oneof string"),
        "struct_value": (4, "oneof google.protobuf.Struct"),
        "bool_value": (6, "oneof bool"),
    },
    "Artifact": {
        "id": (1, "int64"),
        "uri": (3, "string"),
        "properties": (4, _PROPERTIES),
        "custom_properties": (5, _PROPERTIES),
        "type": (8, "string"),
        "last_update_time_since_epoch": (10, "int64"),
    },
    "Execution": {
        "id": (1, "int64"),
        "last_known_state": (3, "ExecutionState"),
        "properties": (4, _PROPERTIES),
        "custom_properties": (5, _PROPERTIES),
        "name": (6, "string"),
        "type": (7, "string"),
        "create_time_since_epoch": (8, "int64"),
        "last_update_time_since_epoch": (9, "int64"),
    },
    "Step": {"index": (1, "oneof int64"), "key": (2, "oneof string")},
    "Path": {"steps": (1, "many Step")},
    "Event": {
        "artifact_id": (1, "int64"),
        "execution_id": (2, "int64"),
        "path": (3, "Path"),
        "type": (4, "EventType"),
    },
    "Context": {
        "id": (1, "int64"),
        "name": (3, "string"),
        "properties": (4, _PROPERTIES),
        "custom_properties": (5, _PROPERTIES),
        "type": (6, "string"),
        "create_time_since_epoch": (7, "int64"),
        "last_update_time_since_epoch": (8, "int64"),
    },
    "OrderByField": {"field": (1, "OrderField"), "is_asc": (2, "bool")},
    "Options": {
        "max_result_size": (1, "int32"),
        "order_by_field": (2, "OrderByField"),
        "next_page_token": (3, "string"),
    },
    "GetContextsRequest": {"options": (1, "Options")},
    "GetContextsResponse": {"contexts": (1, "many Context"), "next_page_token": (2, "string")},
    "GetArtifactsRequest": {"options": (1, "Options")},
    "GetArtifactsResponse": {"artifacts": (1, "many Artifact"), "next_page_token": (2, "string")},
    "GetEventsByArtifactIDsRequest": {"artifact_ids": (1, "many int64")},
    "GetEventsByArtifactIDsResponse": {"events": (1, "many Event")},
    "GetExecutionsRequest": {"options": (1, "Options")},
    "GetExecutionsResponse": {"executions": (1, "many Execution"), "next_page_token": (2, "string")},
    "GetContextsByExecutionRequest": {"execution_id": (1, "int64")},
    "GetContextsByExecutionResponse": {"contexts": (1, "many Context")},
    "GetContextByTypeAndNameRequest": {"type_name": (1, "string"), "context_name": (2, "string")},
    "GetContextByTypeAndNameResponse": {"context": (1, "Context")},
    "GetExecutionsByContextRequest": {"context_id": (1, "int64"), "options": (2, "Options")},
    "GetExecutionsByContextResponse": {"executions": (1, "many Execution"), "next_page_token": (2, "string")},
    "GetArtifactsByContextRequest": {"context_id": (1, "int64"), "options": (2, "Options")},
    "GetArtifactsByContextResponse": {"artifacts": (1, "many Artifact"), "next_page_token": (2, "string")},
    "GetArtifactsByIDRequest": {"artifact_ids": (1, "many int64")},
    "GetArtifactsByIDResponse": {"artifacts": (1, "many Artifact")},
    "GetEventsByExecutionIDsRequest": {"execution_ids": (1, "many int64")},
    "GetEventsByExecutionIDsResponse": {"events": (1, "many Event")},
}
ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "ExecutionState": ("UNKNOWN", "NEW", "RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED"),
    "EventType": (
        "UNKNOWN",
        "DECLARED_OUTPUT",
        "DECLARED_INPUT",
        "INPUT",
        "OUTPUT",
        "INTERNAL_INPUT",
        "INTERNAL_OUTPUT",
        "PENDING_OUTPUT",
    ),
    "OrderField": ("FIELD_UNSPECIFIED", "CREATE_TIME", "LAST_UPDATE_TIME", "ID"),
}
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
}


def method_path(method: str) -> str:
    """Name a method as gRPC does."""
    return f"/{SERVICE}/{method}"


def encode(method: str, request: Mapping[str, Any]) -> bytes:
    """Write a request.

    Raises:
        ParseError: it has a member that is not declared here.
    """
    message = _CLASSES[f"{method}Request"]()
    ParseDict(dict(request), message)
    return message.SerializeToString()


def decode(method: str, answer: bytes) -> dict[str, Any]:
    """Read an answer as JSON: 64-bit numbers are texts in it, and NaN too.

    Raises:
        DecodeError: it is no such message.
    """
    message = _CLASSES[f"{method}Response"].FromString(answer)
    try:
        return MessageToDict(message, preserving_proto_field_name=True)
    except SerializeToJsonError:  # a `Struct` with a number that JSON has not
        _tame(message)
        return MessageToDict(message, preserving_proto_field_name=True)


def decode_struct(written: bytes) -> dict[str, Any]:
    """Read a `Struct` as JSON, as `decode` does.

    Raises:
        ValueError: it is none.
    """
    try:
        message = struct_pb2.Struct.FromString(written)
    except DecodeError as error:
        raise ValueError("it is no Struct") from error
    try:
        return MessageToDict(message)
    except SerializeToJsonError:
        _tame(message)
        return MessageToDict(message)


def _tame(message: Any) -> None:
    """Write NaN and infinities in a `Struct` as texts, as they are elsewhere."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Value":
        number = getattr(message, "number_value", 0.0)
        if not math.isfinite(number):
            message.string_value = str(number)
            return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            several = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            several = value if isinstance(value, Iterable) else (value,)
        for one in several:
            _tame(one)


def _classes() -> Mapping[str, type[Message]]:
    # A pool of its own: whoever else loads the whole proto in this process is not disturbed, nor are we.
    pool = descriptor_pool.DescriptorPool()
    struct = descriptor_pb2.FileDescriptorProto()
    struct_pb2.DESCRIPTOR.CopyToProto(struct)
    pool.Add(struct)
    pool.Add(_file())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto2")
    file.dependency.append(struct_pb2.DESCRIPTOR.name)
    for name, words in ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, word in enumerate(words):
            enum.value.add(name=f"{name}_{word}" if word == "UNKNOWN" else word, number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for member, (number, kind) in fields.items():
            _declare(message, member, number, kind)
    return file


def _declare(message: descriptor_pb2.DescriptorProto, member: str, number: int, kind: str) -> None:
    how, _, what = kind.rpartition(" ")
    field = message.field.add(name=member, number=number, label=_Field.LABEL_OPTIONAL)
    if how == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
    if how == "map":
        entry = message.nested_type.add(name=f"{member.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _declare(entry, "key", 1, "string")
        _declare(entry, "value", 2, what)
        what = f"{message.name}.{entry.name}"
    if how in ("many", "map"):
        field.label = _Field.LABEL_REPEATED
    if what in _SCALARS:
        field.type = _SCALARS[what]
    else:
        field.type = _Field.TYPE_ENUM if what in ENUMS else _Field.TYPE_MESSAGE
        field.type_name = f".{what}" if "google" in what else f".{_PACKAGE}.{what}"


_CLASSES: Final = _classes()
