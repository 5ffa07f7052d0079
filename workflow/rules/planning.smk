from functools import cache

import snakemake.common
import snakemake.rules
import snakemake.sourcecache

# Snakemake asks anew for every job which arguments a function takes and how the path of a script is to be read: a sixth
# of a dry run of ten thousand jobs. Neither answer changes, so each is kept.
for module, question in [
    (snakemake.common, "get_function_params"),
    (snakemake.rules, "get_function_params"),
    (snakemake.sourcecache, "parse_uri"),
]:
    if hasattr(module, question):
        setattr(module, question, cache(getattr(module, question)))
