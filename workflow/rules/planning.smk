from functools import cache

import snakemake.common
import snakemake.dag
import snakemake.jobs
import snakemake.output_index
import snakemake.rules
import snakemake.sourcecache
from snakemake.settings.enums import Quietness

# Snakemake asks anew for every job which arguments a function takes and how the path of a script is to be read, and for
# every input of every job which rules make it: a quarter of a dry run of ten thousand jobs. No answer changes, so each
# is kept.
for place, question in [
    (snakemake.common, "get_function_params"),
    (snakemake.rules, "get_function_params"),
    (snakemake.sourcecache, "parse_uri"),
    (snakemake.output_index.OutputIndex, "match_producers"),
]:
    setattr(place, question, cache(getattr(place, question)))


def once_a_rule(check):
    """The same check of a rule's first job; none of its further jobs."""
    done = set()

    def checked(self, job):
        if (type(self), job.rule) not in done:
            check(self, job)
            done.add((type(self), job.rule))

    return checked


# That a job's script is there is checked by reading it. No script's path has a wildcard.
snakemake.dag.ScriptProcessor.process_job = once_a_rule(snakemake.dag.ScriptProcessor.process_job)


def unless_silent(say):
    """The same words on a job; none in a dry run that shows none."""

    def said(self, *arguments, **more):
        if not (self.dag.workflow.dryrun and Quietness.RULES in (self.dag.workflow.output_settings.quiet or ())):
            say(self, *arguments, **more)

    return said


# What a dry run says of each job is put together even where the profile asks for silence about jobs: a sixth of it.
snakemake.jobs.Job.log_info = unless_silent(snakemake.jobs.Job.log_info)


@cache
def piped_inputs(job):
    """What comes to a job through pipes or from services."""
    return {file for dependency in job.dag.dependencies[job] for file in dependency.pipe_or_service_output}


# Of each input of a job all jobs that it depends on are asked whether it is a pipe: twenty seconds of scoring ten
# thousand files.
snakemake.jobs.Job.is_pipe_or_service_input = lambda job, file: file in piped_inputs(job)
