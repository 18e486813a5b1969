#include <array>

#include "manual/texts.h"

namespace myrt::manual {
namespace {

constexpr auto kTexts = std::to_array<CommandText>({
    {"create",
     "Reads the bundle's `config.json`, makes the container's namespaces, cgroup and mounts, and "
     "leaves its init waiting for `myrt start`. The user's program is not executed yet.\n\n"
     "What the configuration asks for and this host cannot give is an error, and then nothing is "
     "left behind. Later changes of the bundle have no effect on the container.\n\n"
     "The container's standard streams are those of the caller, or a pseudoterminal whose master "
     "is sent to `--console-socket` when `process.terminal` is true.",
     "", "    myrt create --bundle /srv/web --pid-file /run/web.pid web1\n    myrt start web1",
     "start run delete"},
    {"start",
     "Lets the init of a created container execute the user's program, and returns when it has: "
     "an error of execve(2), of a startContainer hook or of the seccomp filter is an error of this "
     "command.",
     "", "    myrt start web1", "create state"},
    {"run",
     "`create` and `start` in one. Without `--detach` it stays in the foreground: signals are "
     "passed on to the container, a terminal is connected to the caller's, and the container is "
     "deleted when its init has exited (unless `--keep`).",
     "In the foreground that of the container's init; 128 and the signal's number when it was "
     "killed. 1 after an error of myrt itself.",
     "    cd bundle && myrt run try", "create start exec"},
    {"state",
     "Prints the state document of the OCI runtime specification: status, process id, bundle and "
     "annotations. The status is asked of the kernel each time.",
     "", "    myrt state web1 | jq -r .status", "list ps"},
    {"kill",
     "Sends a signal to the container's init, by name (`TERM`, `SIGTERM`, `RTMIN+3`) or number. "
     "Without one it is the stop signal that the image names by annotation, or SIGTERM.\n\n"
     "A container that shares its pid namespace has no init that the kernel would take the others "
     "down with: `--all` reaches every process of its cgroup.",
     "", "    myrt kill web1 HUP\n    myrt kill --all web1 KILL\n    myrt kill --regex '^web' TERM",
     "delete ps"},
    {"delete",
     "Removes what a stopped container holds: its cgroup, its mounts on the host and its state "
     "directory; then the poststop hooks run.",
     "", "    myrt delete web1\n    myrt delete --force --regex '^test-'", "kill"},
    {"exec",
     "Runs a program in the namespaces and cgroup of a container, with the container's user, "
     "environment, capabilities and seccomp filter unless options or `--process` say otherwise.\n\n"
     "Everything after the container's id belongs to the program.",
     "That of the program; 128 and the signal's number when it was killed. 255 after an error of "
     "myrt itself. 0 with `--detach`.",
     "    myrt exec -t web1 sh\n    myrt exec --cwd /srv --env A=1 --user 1000:1000 web1 id",
     "run ps"},
    {"list",
     "Prints the containers of the state directory (see `--root`) in columns, as JSON, or their "
     "ids only.",
     "", "    myrt list\n    myrt list --quiet | xargs -n1 myrt state", "state"},
    {"ps",
     "Prints the processes of the container as ps(1) of the host shows them. Options after the id "
     "are those of ps(1); the output must have a column PID. With `--format json` the process ids "
     "alone, and no ps(1) is needed.",
     "", "    myrt ps web1\n    myrt ps web1 -o pid,rss,args", "exec state"},
    {"pause",
     "Freezes all processes of the container, by cgroup.freeze (cgroup v2) or the freezer of "
     "cgroup v1, and returns when they are.",
     "", "    myrt pause web1", "resume"},
    {"resume", "Lets the processes of a paused container go on.", "", "    myrt resume web1",
     "pause"},
    {"update",
     "Changes limits of a running container. What is not named, or 0, stays as it is. "
     "`--resources` reads the object of `linux.resources` in the configuration, and options win "
     "over it.",
     "", "    myrt update --memory 256m --pids-limit 100 web1", "events metrics"},
    {"spec",
     "Writes a `config.json` to start from. It runs sh(1) in the root filesystem that it expects "
     "in the directory rootfs.",
     "", "    mkdir -p bundle/rootfs && cd bundle && myrt spec", "validate run"},
    {"features",
     "Prints the features document of the OCI runtime specification: what this build recognises, "
     "whatever the host can do. For the host see `myrt doctor`.",
     "", "    myrt features | jq .mountOptions", "doctor"},
    {"events",
     "Prints one line of JSON for each interval with the container's statistics, and one for each "
     "time that the OOM killer struck, until the container ends.",
     "", "    myrt events --interval 1s web1\n    myrt events --stats web1", "metrics"},
    {"checkpoint",
     "Saves the state of a running container with criu(8), to be restored by `myrt restore`.", "",
     "    myrt checkpoint --image-path /var/tmp/web1 web1", "restore"},
    {"restore", "Makes a container from what `myrt checkpoint` has saved.", "",
     "    myrt restore --image-path /var/tmp/web1 --bundle /srv/web web1", "checkpoint"},
    {"mounts", "Adds mounts to a running container, or removes them again.", "",
     "    myrt mounts add web1 mounts.json", "update"},
    {"validate",
     "Reads a bundle's `config.json` (or the file that is named) and lists everything that is "
     "wrong with it at once, in the order of the file, one line each:\n\n"
     "    FILE:LINE:COLUMN: SEVERITY: POINTER: MESSAGE [CLAUSE]\n\n"
     "POINTER is the JSON pointer (RFC 6901) of the field, CLAUSE the file and heading of the OCI "
     "runtime specification that it is about. SEVERITY is `error` for what the specification does "
     "not allow, `host` for what is valid but cannot be done by this build, kernel or host, or "
     "names a file that is not there, and `warning` for what has no effect: unknown and repeated "
     "properties, capabilities that do not exist.\n\nNothing is made or changed.",
     "0 when the configuration can be run here (warnings or not), 1 when it cannot.",
     "    myrt validate /srv/web\n    myrt validate --json config.json | jq '.remarks[].pointer'\n"
     "    myrt validate --spec-only config.json",
     "spec doctor effective"},
    {"effective",
     "Asks the kernel what it applies to the container's init, and sets it beside what the "
     "configuration asked for when the container was created: namespaces and id maps, hostname, "
     "sysctls, user and groups, capabilities, seccomp filters, no_new_privs, labels, resource "
     "limits, scheduling, every mount with its flags, masked and read-only paths, devices, cgroup "
     "values and device rules.\n\n"
     "A difference is a change that was made after the start, by the program itself (which may "
     "give up capabilities, for instance), by `myrt update`, or by somebody else on the host. "
     "Before `myrt start`, what belongs to execve(2) is not compared. Seccomp filters are counted, "
     "not read.",
     "0 when all is as configured, 1 when something differs.",
     "    myrt effective web1\n    myrt effective --diff web1 || echo changed", "validate state"},
    {"metrics",
     "Prints what containers use as text for a monitoring system: CPU time and throttling, memory "
     "and its events (oom, oom_kill, oom_group_kill), block IO, processes, and how long tasks "
     "waited for CPU, memory and IO (PSI); and how long each phase of their creation took. Without "
     "ids it is every container of the state directory that has not stopped.\n\n"
     "The default format is Prometheus' text format 0.0.4, which promtool(1) and the textfile "
     "collector of prometheus-node-exporter(1) read; `--format openmetrics` is OpenMetrics 1.0. "
     "They differ in the names of counters in the headings, so no text can be both.",
     "",
     "    myrt metrics > /var/lib/prometheus/node-exporter/myrt.prom.new &&\n"
     "      mv /var/lib/prometheus/node-exporter/myrt.prom.new "
     "/var/lib/prometheus/node-exporter/myrt.prom",
     "events"},
    {"gc",
     "Removes what is left of containers whose creation was cut short: the runtime was killed, or "
     "the container's init died before it was started. What a creation is about to acquire (its "
     "cgroups, its systemd unit, mounts on the host, resctrl groups, a pid file) stands in the "
     "state directory before it is acquired, and is undone from there, as `myrt delete --force` "
     "does for one container.\n\n"
     "A container whose init is alive is never touched, nor one that another myrt process is "
     "making, starting or deleting. A container that has run and stopped is kept for its "
     "engine, unless `--stopped` is given. Each line names a container and why it was taken for "
     "dead; below it stands what it held.",
     "0, also when there was nothing to do; 1 when something could not be removed.",
     "    myrt gc --dry-run\n    myrt --root /run/containerd/runc/k8s.io gc --json", "delete list"},
    {"doctor",
     "Tries out what containers need of this host, by doing it: makes each kind of namespace, an "
     "empty cgroup, a detached mount, an id-mapped mount on each filesystem, loads a seccomp "
     "filter "
     "in a child process, connects to systemd; and looks whether the configurations of podman, "
     "docker, containerd and CRI-O name a myrt that is there. Each line has a verdict; below one "
     "that is not `ok` stands what will not work, and what to do about it.\n\n"
     "Run it as the user who is to run containers: rootless users get other answers than root. "
     "What is made on the way is gone when the command ends.",
     "0 when nothing fails, 1 when a check has the verdict FAILURE.",
     "    myrt doctor\n    myrt doctor --json | jq -r '.[] | select(.verdict != \"ok\") | .fix'",
     "features validate"},
    {"help", "Prints the commands, or the options of one command.", "", "    myrt help run", ""},
});

}  // namespace

std::span<const CommandText> command_texts() { return kTexts; }

}  // namespace myrt::manual
