"""Kafka as the event log: a topic that watchers write and recorders read, each partition a part of the log.

The only place that imports kafka-python. It knows neither the store nor what an observation means. `follow` reads the
topics of others.
"""

from lineage.eventlog.kafka.connection import Access, access_of
from lineage.eventlog.kafka.messages import follow
from lineage.eventlog.kafka.reader import KafkaReader
from lineage.eventlog.kafka.topic import Topic, find, inspect, prepare
from lineage.eventlog.kafka.writer import KafkaWriter

__all__ = ["Access", "KafkaReader", "KafkaWriter", "Topic", "access_of", "find", "follow", "inspect", "prepare"]
