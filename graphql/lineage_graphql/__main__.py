"""`python -m lineage_graphql` prints the schema."""

import sys

from lineage_graphql.schema import sdl

sys.stdout.write(sdl())
