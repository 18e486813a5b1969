#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "oci-spec/parse.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/full_configs.h"

// A member that an initializer leaves out is absent, and meant to be.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace myrt::oci {
namespace {

std::string read_data_file(const std::string& name) {
  const std::string path = std::string(MYRT_SOURCE_DIR "/tests/unit/oci-spec/data/") + name;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  std::string text(std::size_t{1} << 20U, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  ::close(fd);
  REQUIRE(size > 0);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

TEST_CASE("every property outside `linux` arrives in its field",
          "[oci-spec][CFG-01][PRC-01][PRC-06][PRC-10][USR-01][CAP-01][RLM-02][HOK-01][HOK-03]") {
  const auto parsed = parse_spec(kProcessConfig);

  REQUIRE(parsed.problems == std::vector<Problem>{});
  const Hooks hooks = {.prestart = {{.path = "/a"}},
                       .create_runtime = {{.path = "/b", .env = std::vector<std::string>{}}},
                       .create_container = {{.path = "/c", .args = {"c", "1"}}},
                       .start_container = {{.path = "/d", .env = std::vector<std::string>{"X=1"}}},
                       .poststart = {{.path = "/e", .timeout = 3}},
                       .poststop = {{.path = "/f"}, {.path = "/g"}}};
  const Process process = {
      .terminal = true,
      .console_size = ConsoleSize{.height = 24, .width = 80},
      .user = {.uid = 1, .gid = 2, .umask = 18, .additional_gids = {5, 6}},
      .args = {"/bin/server", "-x"},
      .env = {"A=1", "A=2"},
      .cwd = "/srv",
      .capabilities = LinuxCapabilities{.bounding = {"CAP_KILL"},
                                        .effective = {"CAP_CHOWN"},
                                        .inheritable = {"CAP_FOWNER"},
                                        .permitted = {"CAP_SETUID"},
                                        .ambient = {"CAP_SETGID"}},
      .rlimits = {{.type = "RLIMIT_NOFILE", .soft = 512, .hard = 1024}},
      .no_new_privileges = true,
      .apparmor_profile = "p",
      .selinux_label = "l",
      .oom_score_adj = -5,
      .scheduler = Scheduler{.policy = "SCHED_DEADLINE",
                             .nice = 1,
                             .flags = {"SCHED_FLAG_RECLAIM"},
                             .runtime = 1,
                             .deadline = 2,
                             .period = 3},
      .io_priority = IoPriority{.io_class = "IOPRIO_CLASS_IDLE", .priority = 7},
      .exec_cpu_affinity = ExecCpuAffinity{.initial = "0", .final_list = "1-2"}};
  CHECK(parsed.value.oci_version == "1.2.1");
  CHECK(parsed.value.root == Root{.path = "/srv/rootfs", .readonly = true});
  CHECK(parsed.value.hostname == "web");
  CHECK(parsed.value.domainname == "example.org");
  CHECK(parsed.value.annotations ==
        std::map<std::string, std::string>{{"org.example.a", "1"}, {"org.example.b", ""}});
  CHECK(parsed.value.mounts ==
        std::vector<Mount>{{.destination = "/data",
                            .type = "none",
                            .source = "/srv/data",
                            .options = {"rbind", "ro"},
                            .uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 10}},
                            .gid_mappings = {{.container_id = 1, .host_id = 2000, .size = 20}}}});
  CHECK(parsed.value.process == process);
  CHECK(parsed.value.hooks == hooks);
}

TEST_CASE("every property of `linux` arrives in its field",
          "[oci-spec][NSP-01][NSP-02][TIM-01][DEV-01][NET-02][CGP-01][LAB-01][SEC-13]") {
  const auto parsed = parse_spec(kLinuxConfig);

  REQUIRE(parsed.problems == std::vector<Problem>{});
  using enum NamespaceType;
  const Seccomp profile = {
      .default_action = "SCMP_ACT_ERRNO",
      .default_errno_ret = 38,
      .architectures = {"SCMP_ARCH_X86_64"},
      .flags = std::vector<std::string>{"SECCOMP_FILTER_FLAG_LOG"},
      .listener_path = "/run/agent",
      .listener_metadata = "m",
      .syscalls = {{.names = {"read", "write"},
                    .action = "SCMP_ACT_ALLOW",
                    .args = {{.index = 1, .value = 2, .value_two = 3, .op = "SCMP_CMP_MASKED_EQ"}}},
                   {.names = {"mount"}, .action = "SCMP_ACT_ERRNO", .errno_ret = 1}}};
  const Linux expected = {
      .namespaces = {{pid}, {network, "/n"}, {mount}, {ipc}, {uts}, {user}, {cgroup}, {time}},
      .uid_mappings = {{0, 1, 2}},
      .gid_mappings = {{3, 4, 5}},
      .time_offsets = {{"monotonic", {.secs = -7, .nanosecs = 8}}},
      .devices = {{.path = "/dev/fuse",
                   .type = 'c',
                   .major = 10,
                   .minor = 229,
                   .file_mode = 438,
                   .uid = 1,
                   .gid = 2},
                  {.path = "/run/fifo", .type = 'p'}},
      .net_devices = {{"eth0", {.name = "web0"}}, {"eth1", {}}},
      .cgroups_path = "/a/b",
      .intel_rdt = IntelRdt{.clos_id = "gold",
                            .schemata = std::vector<std::string>{"L3:0=f"},
                            .l3_cache_schema = "L3:0=1",
                            .mem_bw_schema = "MB:0=50",
                            .enable_monitoring = true},
      .sysctl = {{"net.core.somaxconn", "256"}},
      .seccomp = profile,
      .rootfs_propagation = "slave",
      .masked_paths = {"/m"},
      .readonly_paths = {"/r"},
      .mount_label = "x",
      .personality = Personality{.domain = "LINUX32"},
      .memory_policy =
          MemoryPolicy{.mode = "MPOL_BIND", .nodes = "0-1", .flags = {"MPOL_F_STATIC_NODES"}}};
  CHECK(parsed.value.linux == expected);
}

TEST_CASE("every resource arrives in its field",
          "[oci-spec][CDV-01][CME-01][CCP-01][CPI-01][CBI-01][CHP-02][CNE-01][CRD-01][CUN-01]") {
  const auto parsed = parse_resources(kResources);

  REQUIRE(parsed.problems == std::vector<Problem>{});
  const Resources expected = {
      .devices = {{.allow = true, .type = 'b', .major = 8, .minor = 1, .access = "rw"}},
      .memory = MemoryResources{.limit = 100,
                                .reservation = 50,
                                .swap = 200,
                                .kernel = 3,
                                .kernel_tcp = 4,
                                .swappiness = 5,
                                .disable_oom_killer = true,
                                .use_hierarchy = false,
                                .check_before_update = true},
      .cpu = CpuResources{.shares = 1,
                          .quota = 20,
                          .burst = 3,
                          .period = 4,
                          .realtime_runtime = 5,
                          .realtime_period = 6,
                          .cpus = "0-1",
                          .mems = "0",
                          .idle = 1},
      .pids_limit = -1,
      .block_io = BlockIoResources{.weight = 10,
                                   .leaf_weight = 11,
                                   .weight_device = {{8, 0, 500, 300}},
                                   .throttle_read_bps_device = {{1, 2, 3}},
                                   .throttle_write_bps_device = {{4, 5, 6}},
                                   .throttle_read_iops_device = {{7, 8, 9}},
                                   .throttle_write_iops_device = {{10, 11, 12}}},
      .hugepage_limits = {{.page_size = "2MB", .limit = 7}},
      .network = NetworkResources{.class_id = 9, .priorities = {{.name = "eth0", .priority = 4}}},
      .rdma = {{"mlx5_1", {.hca_handles = 3, .hca_objects = 4}}},
      .unified = {{"memory.high", "1"}}};
  CHECK(parsed.value == expected);
}

TEST_CASE("a config as engines write it is read whole", "[oci-spec][SEC-13][CFG-01]") {
  const auto parsed = parse_spec(read_data_file("engine_config.json"));

  REQUIRE(parsed.problems == std::vector<Problem>{});
  const Seccomp& seccomp = *parsed.value.linux->seccomp;
  CHECK(seccomp.syscalls[0].names.size() + seccomp.syscalls[1].names.size() == 430);
  CHECK(seccomp.syscalls.size() == 10);
  CHECK(parsed.value.mounts.size() == 11);
  CHECK(parsed.value.process->env.size() == 22);
}

TEST_CASE("the smallest configs are valid", "[oci-spec][BUN-03][OPS-08]") {
  CHECK(parse_spec(R"({"ociVersion": "1.0.0", "root": {"path": "rootfs"}})").problems.empty());
  CHECK(parse_spec(R"({"ociVersion": "1.0.0", "root": {"path": "rootfs"},
                       "process": {"cwd": "/", "args": ["sh"]}})")
            .problems.empty());
  CHECK(parse_process(R"({"cwd": "/", "args": ["sh"]})").problems.empty());
  CHECK(parse_resources("{}").value == Resources{});
}

}  // namespace myrt::oci
