// emit - a head of variables that differ from study to study, and a body that does not.
#include "sim/cli/emit.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/shell.h"

enum { AT_ONCE = 50, NAME_MOST = 40 };

bool emit_choose(const char *word, enum emit_kind *kind)
{
    static const char *const words[] = {
        [EMIT_SLURM] = "slurm", [EMIT_PARALLEL] = "parallel", [EMIT_KUBERNETES] = "k8s"};
    for (size_t i = EMIT_SLURM; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            *kind = (enum emit_kind)i;
            return true;
        }
    }
    return false;
}

uint32_t emit_shards(const struct emit_job *job)
{
    const uint32_t shards = job->units / job->batch;
    return shards == 0 ? 1 : shards > EMIT_SHARDS ? EMIT_SHARDS : shards;
}

// Lower-case letters, digits and -, as Kubernetes wants names.
static void add_name(struct text *out, const char *name)
{
    text_add(out, "orrery-");
    for (size_t i = 0; name[i] != '\0' && i < NAME_MOST; i++) {
        const char c = name[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        const bool upper = c >= 'A' && c <= 'Z';
        text_add_char(out, plain ? c : upper ? (char)(c - 'A' + 'a') : '-');
    }
}

static void add_variable(struct text *out, const char *name, const char *value)
{
    text_format(out, "%s=", name);
    shell_quote(out, value);
    text_add_char(out, '\n');
}

// ---- scripts for a shell ------------------------------------------------------------------------

// Every shard must be simulated by this very program, so its place is the default.
static void add_head(const struct emit_job *job, const char *use, struct text *out)
{
    char program[PATH_MAX] = "orrery";
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : (ssize_t)strlen("orrery")] = '\0';
    const uint32_t shards = emit_shards(job);
    text_add(out, "#!/usr/bin/env bash\n# ");
    add_name(out, job->name);
    text_format(out, " - %u units of work in %u shard%s.\n%s", job->units, shards,
                shards == 1 ? "" : "s", use);
    text_add(out, "set -eu\nprogram=");
    shell_quote(out, program);
    text_add(out, "\norrery=${ORRERY:-$program} # the same program everywhere\n");
    add_variable(out, "directory", job->directory);
    text_format(out, "shards=%u\ncores=${CORES:-%u} # of a shard\n", shards, job->cores);
    text_format(out, "study=(%s %s)\n", job->command, job->arguments);
}

// The last process: it joins the shards, and simulates what a rule of stopping still asks for.
static void add_last(const struct emit_job *job, struct text *out)
{
    text_add(out, job->grows ? "\"$orrery\" \"${study[@]}\" -j \"$cores\" --no-progress"
                             : "\"$orrery\" merge \"$directory\"");
    if (job->out != NULL) {
        text_add(out, " --out ");
        shell_quote(out, job->out);
    }
    text_add(out, job->grows ? " -o \"$directory\"\n" : "\n");
}

static const char slurm_use[] =
    "#\n"
    "#   bash THIS           submits the shards as an array of jobs and one that joins them\n"
    "#   CORES=4 AT_ONCE=20 TIME_LIMIT=04:00:00 SBATCH_OPTIONS='-p short' bash THIS\n"
    "#\n"
    "# Hosts share this directory. A shard whose time ends is told a minute before, keeps what is\n"
    "# done and is queued again; what is done is never simulated twice.\n";

static const char slurm_body[] =
    "limit=${TIME_LIMIT:-01:00:00}\n"
    "\n"
    "submit() { # submit NAME OPTION... WORD: this script as a job\n"
    "    local job=$1\n"
    "    shift\n"
    "    # shellcheck disable=SC2086 # several words\n"
    "    sbatch --parsable --job-name=\"$job\" --cpus-per-task=\"$cores\" --time=\"$limit\" \\\n"
    "        ${SBATCH_OPTIONS-} \"${@:1:$#-1}\" \"$0\" \"${@: -1}\"\n"
    "}\n"
    "\n"
    "again() { # the time ends in a minute\n"
    "    kill -TERM \"$worker\"\n"
    "    wait \"$worker\" || true\n"
    "    scontrol requeue \"$SLURM_JOB_ID\"\n"
    "    exit 0\n"
    "}\n"
    "\n"
    "case ${1-} in\n"
    "shard)\n"
    "    trap again USR1\n"
    "    \"$orrery\" \"${study[@]}\" --shard \"$SLURM_ARRAY_TASK_ID/$shards\" -j \"$cores\" \\\n"
    "        --no-progress -o \"$directory\" &\n"
    "    worker=$!\n"
    "    wait \"$worker\"\n"
    "    ;;\n"
    "merge)\n    ";

static const char slurm_end[] =
    "    ;;\n"
    "*)\n"
    "    mkdir -p \"$directory/log\"\n"
    "    array=$(submit \"$name\" --array=\"1-$shards%$at_once\" --requeue --open-mode=append \\\n"
    "        --signal=B:USR1@60 --output=\"$directory/log/shard-%a.log\" shard)\n"
    "    last=$(submit \"$name-merge\" --dependency=\"afterok:${array%%;*}\" \\\n"
    "        --kill-on-invalid-dep=yes --output=\"$directory/log/merge.log\" merge)\n"
    "    echo \"shards: job ${array%%;*}, result: job ${last%%;*}, in $directory\"\n"
    "    ;;\n"
    "esac\n";

static void write_slurm(const struct emit_job *job, struct text *out)
{
    add_head(job, slurm_use, out);
    text_add(out, "name='");
    add_name(out, job->name);
    text_add(out, "'\n");
    text_format(out, "at_once=${AT_ONCE:-%d} # shards\n", AT_ONCE);
    text_add(out, slurm_body);
    add_last(job, out);
    text_add(out, slurm_end);
}

static const char parallel_use[] =
    "#\n"
    "#   bash THIS                          on this host, as many shards as it has cores\n"
    "#   HOSTS=one,two,4/three bash THIS    over ssh, in the same directory of every host\n"
    "#\n"
    "# Started again, it goes on with the shards that have failed or not begun.\n";

static const char parallel_body[] =
    "\n"
    "options=(--joblog \"$directory/shards.log\" --resume-failed)\n"
    "[ -z \"${HOSTS-}\" ] || options+=(--sshlogin \"$HOSTS\" --workdir \"$PWD\")\n"
    "[ -z \"${AT_ONCE-}\" ] || options+=(--jobs \"$AT_ONCE\")\n"
    "mkdir -p \"$directory\"\n"
    "seq \"$shards\" | parallel --quote \"${options[@]}\" \"$orrery\" \"${study[@]}\" \\\n"
    "    --shard \"{}/$shards\" -j \"$cores\" --no-progress -o \"$directory\"\n";

static void write_parallel(const struct emit_job *job, struct text *out)
{
    add_head(job, parallel_use, out);
    text_add(out, parallel_body);
    add_last(job, out);
}

// ---- Kubernetes ---------------------------------------------------------------------------------

static void add_json(struct text *out, const char *value)
{
    json_t *string = json_string(value);
    char *quoted = string == NULL ? NULL : json_dumps(string, JSON_ENCODE_ANY);
    text_add(out, quoted == NULL ? "\"\"" : quoted);
    free(quoted);
    json_decref(string);
}

static const char kubernetes_use[] =
    "#\n"
    "#   kubectl apply -f THIS\n"
    "#   kubectl wait --for=condition=complete --timeout=-1s job/%s\n"
    "#   kubectl patch job/%s-merge --type=merge -p '{\"spec\":{\"suspend\":false}}'\n"
    "#\n"
    "# The claim `orrery` is shared by all pods and holds the scenario; the image holds the\n"
    "# program: put in what your cluster has.\n";

static const char kubernetes_pod[] =
    "  template:\n"
    "    spec:\n"
    "      restartPolicy: %s\n"
    "      volumes: [{name: work, persistentVolumeClaim: {claimName: orrery}}]\n"
    "      containers:\n"
    "        - name: orrery\n"
    "          image: orrery:" ORRERY_VERSION "\n"
    "          workingDir: /work\n"
    "          volumeMounts: [{name: work, mountPath: /work}]\n"
    "          resources: {requests: {cpu: %u}}\n"
    "          command: [sh, -c, ";

static void add_job(struct text *out, const char *name, const char *suffix)
{
    text_format(out,
                "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: %s%s}\nspec:\n", name,
                suffix);
}

static void add_shard_job(const struct emit_job *job, const char *name, struct text *out)
{
    const uint32_t shards = emit_shards(job);
    struct text line;
    text_init(&line);
    text_format(&line,
                "exec orrery %s %s --shard \"$((JOB_COMPLETION_INDEX + 1))/%u\" -j %u "
                "--no-progress -o ",
                job->command, job->arguments, shards, job->cores);
    shell_quote(&line, job->directory);
    add_job(out, name, "");
    text_format(out,
                "  completionMode: Indexed\n  completions: %u\n  parallelism: %u\n"
                "  backoffLimit: %u\n",
                shards, shards < AT_ONCE ? shards : AT_ONCE, 3 * shards);
    text_format(out, kubernetes_pod, "OnFailure", job->cores);
    add_json(out, text_get(&line));
    text_add(out, "]\n");
    text_release(&line);
}

static void add_last_job(const struct emit_job *job, const char *name, struct text *out)
{
    struct text line;
    text_init(&line);
    if (job->grows) {
        text_format(&line, "exec orrery %s %s -j %u --no-progress -o ", job->command,
                    job->arguments, job->cores);
    } else {
        text_add(&line, "exec orrery merge ");
    }
    shell_quote(&line, job->directory);
    if (job->out != NULL) {
        text_add(&line, " --out ");
        shell_quote(&line, job->out);
    }
    add_job(out, name, "-merge");
    text_add(out, "  suspend: true\n  backoffLimit: 0\n");
    text_format(out, kubernetes_pod, "Never", job->cores);
    add_json(out, text_get(&line));
    text_add(out, "]\n");
    text_release(&line);
}

static void write_kubernetes(const struct emit_job *job, struct text *out)
{
    struct text name;
    text_init(&name);
    add_name(&name, job->name);
    const char *given = text_get(&name);
    const uint32_t shards = emit_shards(job);
    text_format(out, "# %s - %u units of work in %u shard%s.\n", given, job->units, shards,
                shards == 1 ? "" : "s");
    text_format(out, kubernetes_use, given, given);
    add_shard_job(job, given, out);
    add_last_job(job, given, out);
    text_release(&name);
}

void emit_write(enum emit_kind kind, const struct emit_job *job, struct text *out)
{
    switch (kind) {
    case EMIT_NOTHING:
        return;
    case EMIT_SLURM:
        write_slurm(job, out);
        return;
    case EMIT_PARALLEL:
        write_parallel(job, out);
        return;
    case EMIT_KUBERNETES:
        write_kubernetes(job, out);
        return;
    }
}
