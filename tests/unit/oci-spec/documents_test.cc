#include "oci-spec/documents.h"

#include "oci-spec/parse.h"
#include "oci-spec/state.h"
#include "tests/support/catch.h"

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

namespace myrt::oci {
namespace {

State web_container() {
  State state;
  state.id = "web";
  state.status = Status::created;
  state.pid = 4242;
  state.bundle = "/srv/web";
  state.annotations = {{"b/c", "2"}, {"a", ""}};
  return state;
}

std::vector<std::string> names_in(const nlohmann::ordered_json& array, const char* member) {
  std::vector<std::string> names;
  for (const auto& entry : array) names.push_back(entry.at(member).get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("hooks get the state as compact JSON", "[oci-spec][STA-01][STA-09][HOK-07]") {
  State state = web_container();
  CHECK(to_json(state) ==
        R"({"ociVersion":"1.3.0","id":"web","status":"created","pid":4242,"bundle":"/srv/web",)"
        R"("annotations":{"a":"","b/c":"2"}})");

  state.annotations.clear();
  state.status = Status::stopped;
  state.pid = 0;
  CHECK(to_json(state) ==
        R"({"ociVersion":"1.3.0","id":"web","status":"stopped","pid":0,"bundle":"/srv/web"})");
}

TEST_CASE("the state command prints runc's members in runc's order",
          "[oci-spec][STA-02][STA-06][STA-08][STA-10][STA-11]") {
  const StateExtras extras = {
      .rootfs = "/srv/web/rootfs", .created = "2026-11-05T10:11:12.123456789Z", .owner = ""};
  State state = web_container();
  CHECK(to_json_indented(state, extras) == R"({
  "ociVersion": "1.3.0",
  "id": "web",
  "pid": 4242,
  "status": "created",
  "bundle": "/srv/web",
  "rootfs": "/srv/web/rootfs",
  "created": "2026-11-05T10:11:12.123456789Z",
  "annotations": {
    "a": "",
    "b/c": "2"
  },
  "owner": ""
})");

  state.annotations.clear();
  state.pid = 0;
  state.status = Status::stopped;
  const auto stopped = nlohmann::json::parse(to_json_indented(state, extras));
  CHECK(stopped.at("pid") == 0);
  CHECK(stopped.at("status") == "stopped");
  CHECK_FALSE(stopped.contains("annotations"));
}

TEST_CASE("a list of containers is a compact array, or null", "[oci-spec][STA-10]") {
  State state = web_container();
  state.annotations.clear();
  const std::string entry =
      R"({"ociVersion":"1.3.0","id":"web","pid":4242,"status":"created","bundle":"/srv/web",)"
      R"("rootfs":"/r","created":"now","owner":"root"})";
  const StateExtras extras = {.rootfs = "/r", .created = "now", .owner = "root"};

  CHECK(to_json_array({}) == "null");
  CHECK(to_json_array({{state, extras}}) == "[" + entry + "]");
  CHECK(to_json_array({{state, extras}, {state, extras}}) == "[" + entry + "," + entry + "]");
}

TEST_CASE("every status has the spec's word", "[oci-spec][STA-03][STA-04]") {
  CHECK(to_string(Status::creating) == "creating");
  CHECK(to_string(Status::created) == "created");
  CHECK(to_string(Status::running) == "running");
  CHECK(to_string(Status::paused) == "paused");
  CHECK(to_string(Status::stopped) == "stopped");
}

TEST_CASE("a bundle path that is not UTF-8 still gives valid JSON", "[oci-spec][STA-08]") {
  State state = web_container();
  state.bundle = "/srv/\xff\"\n";

  CHECK(nlohmann::json::parse(to_json(state)).at("bundle") == "/srv/\ufffd\"\n");
}

TEST_CASE("seccomp agents get the container process state", "[oci-spec][NTF-05][NTF-07]") {
  State state = web_container();
  state.annotations.clear();
  const std::string inner =
      R"({"ociVersion":"1.3.0","id":"web","status":"created","pid":4242,"bundle":"/srv/web"})";

  CHECK(container_process_state_json(state, 99, "tag") ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":99,"metadata":"tag","state":)" + inner +
            "}");
  CHECK(container_process_state_json(state, 99, "") ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":99,"state":)" + inner + "}");
}

TEST_CASE("the features document has every section of the schema",
          "[oci-spec][FEA-01][FEA-02][FEA-03][FEA-05][FEA-06][FEA-07][FEA-08][FEA-09][FEA-10]"
          "[FEA-11][FEA-12][FEA-13][FEA-14][FEA-15][FEA-16][FEA-17][FEA-18][FEA-19]") {
  FeatureFacts facts;
  facts.mount_options = {"ro", "rro"};
  facts.capabilities = {"CAP_CHOWN"};
  facts.seccomp_actions = {"SCMP_ACT_ALLOW"};
  facts.seccomp_operators = {"SCMP_CMP_EQ"};
  facts.seccomp_archs = {"SCMP_ARCH_X86"};
  facts.seccomp_known_flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"};
  facts.seccomp_supported_flags = {"SECCOMP_FILTER_FLAG_LOG"};
  facts.memory_policy_modes = {"MPOL_BIND"};
  facts.memory_policy_flags = {"MPOL_F_STATIC_NODES"};
  facts.unsafe_annotations = {"org.systemd.property."};
  facts.systemd_cgroup = true;
  facts.checkpoint = true;
  facts.version = "0.1.0";
  facts.commit = "abc";
  facts.libseccomp_version = "2.5.4";

  const auto expected = nlohmann::json::parse(R"({
    "ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0",
    "hooks": ["prestart", "createRuntime", "createContainer", "startContainer", "poststart",
              "poststop"],
    "mountOptions": ["ro", "rro"],
    "linux": {
      "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
      "capabilities": ["CAP_CHOWN"],
      "cgroup": {"v1": true, "v2": true, "systemd": true, "systemdUser": true, "rdma": true},
      "seccomp": {"enabled": true, "actions": ["SCMP_ACT_ALLOW"], "operators": ["SCMP_CMP_EQ"],
                  "archs": ["SCMP_ARCH_X86"],
                  "knownFlags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"],
                  "supportedFlags": ["SECCOMP_FILTER_FLAG_LOG"]},
      "apparmor": {"enabled": true}, "selinux": {"enabled": true},
      "intelRdt": {"enabled": false, "schemata": false, "monitoring": false},
      "memoryPolicy": {"modes": ["MPOL_BIND"], "flags": ["MPOL_F_STATIC_NODES"]},
      "mountExtensions": {"idmap": {"enabled": true}}, "netDevices": {"enabled": true}},
    "annotations": {"io.github.seccomp.libseccomp.version": "2.5.4", "myrt.commit": "abc",
                    "myrt.version": "0.1.0",
                    "org.opencontainers.runc.checkpoint.enabled": "true"},
    "potentiallyUnsafeConfigAnnotations": ["org.systemd.property."]
  })");
  CHECK(nlohmann::json::parse(features_json(facts)) == expected);
}

TEST_CASE("lists without entries stay lists in the features document", "[oci-spec][FEA-06]") {
  const auto features = nlohmann::json::parse(features_json({}));

  CHECK(features.at("mountOptions") == nlohmann::json::array());
  CHECK(features.at("linux").at("capabilities") == nlohmann::json::array());
  CHECK(features.at("annotations") == nlohmann::json::object());
}

TEST_CASE("both promised versions are accepted in a config", "[oci-spec][FEA-02][FEA-03]") {
  for (const std::string_view version : {kVersionMin, kVersionMax}) {
    const std::string config =
        R"({"root": {"path": "r"}, "ociVersion": ")" + std::string(version) + "\"}";
    CHECK(parse_spec(config).problems.empty());
  }
}

TEST_CASE("the default config is valid and starts a shell in a sealed container",
          "[oci-spec][DFS-01][OPS-21]") {
  const auto parsed = parse_spec(default_spec_json({}));

  REQUIRE(parsed.problems == std::vector<Problem>{});
  const Spec& spec = parsed.value;
  CHECK(spec.oci_version == "1.3.0");
  CHECK(spec.process->terminal);
  CHECK(spec.process->args == std::vector<std::string>{"sh"});
  CHECK(spec.process->capabilities->bounding ==
        std::vector<std::string>{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
  CHECK(spec.process->rlimits ==
        std::vector<Rlimit>{{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 1024}});
  CHECK(spec.process->no_new_privileges);
  CHECK(spec.root->readonly);
  CHECK(spec.hostname == "myrt");
  CHECK(spec.linux->resources->devices ==
        std::vector<DeviceCgroupRule>{{.allow = false, .major = {}, .minor = {}, .access = "rwm"}});
  CHECK(spec.linux->uid_mappings.empty());
  CHECK(spec.linux->masked_paths.size() == 12);
  CHECK(spec.linux->readonly_paths.size() == 5);
  const auto json = nlohmann::ordered_json::parse(default_spec_json({}));
  CHECK(names_in(json["mounts"], "destination") ==
        std::vector<std::string>{"/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys",
                                 "/sys/fs/cgroup"});
  CHECK(names_in(json["linux"]["namespaces"], "type") ==
        std::vector<std::string>{"pid", "network", "ipc", "uts", "mount"});
}

TEST_CASE("the rootless default config maps the caller and shares the network",
          "[oci-spec][DFS-01][OPS-21]") {
  const std::string text = default_spec_json(
      {.rootless = Rootless::yes, .host_uid = 1000, .host_gid = 1001, .cgroup_namespace = true});
  const auto parsed = parse_spec(text);

  REQUIRE(parsed.problems == std::vector<Problem>{});
  const Linux& linux_section = *parsed.value.linux;
  CHECK(linux_section.uid_mappings ==
        std::vector<IdMapping>{{.container_id = 0, .host_id = 1000, .size = 1}});
  CHECK(linux_section.gid_mappings ==
        std::vector<IdMapping>{{.container_id = 0, .host_id = 1001, .size = 1}});
  CHECK(linux_section.resources == std::nullopt);
  CHECK(names_in(nlohmann::ordered_json::parse(text)["linux"]["namespaces"], "type") ==
        std::vector<std::string>{"pid", "ipc", "uts", "mount", "user", "cgroup"});
  CHECK(parsed.value.mounts[5] == Mount{.destination = "/sys",
                                        .type = "none",
                                        .source = "/sys",
                                        .options = {"rbind", "nosuid", "noexec", "nodev", "ro"},
                                        .uid_mappings = {},
                                        .gid_mappings = {}});
  CHECK(text.find("gid=5") == std::string::npos);
}

TEST_CASE("mounts are read on their own or as a piece of a config", "[oci-spec]") {
  const std::string list = R"([{"destination": "/a", "options": ["bind"]}, {"destination": "/b"}])";
  const auto alone = parse_mounts(list);
  const auto member = parse_mounts(R"({"ociVersion": "1.0.0", "mounts": )" + list + "}");

  CHECK(alone.problems.empty());
  REQUIRE(alone.value.size() == 2);
  CHECK(alone.value[0].options == std::vector<std::string>{"bind"});
  CHECK(member.problems.empty());
  CHECK(member.value == alone.value);
  CHECK(parse_mounts("{}").problems == std::vector<Problem>{{"/mounts", "is required"}});
  CHECK(parse_mounts(R"([{"source": "x"}])").problems ==
        std::vector<Problem>{{"/0/destination", "is required"}});
  CHECK(parse_mounts("7").problems == std::vector<Problem>{{"", "expected array, got integer"}});
  CHECK_FALSE(parse_mounts("[").problems.empty());
}

}  // namespace myrt::oci
