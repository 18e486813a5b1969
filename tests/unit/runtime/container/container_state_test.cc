// The state file: what is written comes back, and what is damaged is refused instead of believed.
#include "runtime/container/container_state.h"

#include <sched.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/catch.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;
using namespace std::string_literals;

ContainerState full_state() {
  ContainerState state;
  state.id = "web1";
  state.pid = 4194304;
  state.start_time_ticks = 18446744073709551615U;
  state.bundle = "/srv/bundle";
  state.rootfs = "/srv/bundle/rootfs";
  state.created = "2024-01-31T12:00:00.000000001Z";
  state.annotations = {{"org.example.a", "1"}, {"org.example.empty", ""}};
  state.cgroup_manager = CgroupManager::disabled;
  state.cgroup = {.mode = cgroups::Mode::hybrid,
                  .directories = {{"cpu,cpuacct", "/sys/fs/cgroup/cpu/web1"},
                                  {"name=systemd", "/sys/fs/cgroup/systemd/web1"},
                                  {"", "/sys/fs/cgroup/unified/web1"}},
                  .unit = cgroups::systemd::UnitAddress{"unix:path=/bus", "web1.scope"}};
  state.namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER;
  state.own_pids = false;
  state.new_keyring = false;
  state.has_process = false;
  state.poststart_hooks = true;
  state.poststop_hooks = true;
  state.pivoted = false;
  state.host_mounts = {"/srv/bundle/rootfs/proc"};
  state.resctrl_groups = {"/sys/fs/resctrl/gold"};
  state.rdt_class = {.clos = "gold", .monitor_group = "gold/mon_groups/web1"};
  state.hot_mounts = {{"/data", 18446744073709551615U}, {"/data/more", 1}};
  state.found_cgroups = {"/sys/fs/cgroup/unified/web1"};
  state.phases = {{"parse", 120}, {"wait for init", 18446744073709551615U}};
  return state;
}

ContainerState plain_state() {
  ContainerState state;
  state.id = "a";
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  return state;
}

// Every field, since ContainerState itself is not comparable.
void check_equal(const ContainerState& a, const ContainerState& b) {
  CHECK(a.id == b.id);
  CHECK(a.hot_mounts == b.hot_mounts);
  CHECK(a.rdt_class == b.rdt_class);
  CHECK(a.phases == b.phases);
  CHECK(a.pid == b.pid);
  CHECK(a.start_time_ticks == b.start_time_ticks);
  CHECK(a.bundle == b.bundle);
  CHECK(a.rootfs == b.rootfs);
  CHECK(a.created == b.created);
  CHECK(a.annotations == b.annotations);
  CHECK(a.cgroup_manager == b.cgroup_manager);
  CHECK(a.cgroup == b.cgroup);
  CHECK(a.namespaces == b.namespaces);
  CHECK(a.own_pids == b.own_pids);
  CHECK(a.new_keyring == b.new_keyring);
  CHECK(a.has_process == b.has_process);
  CHECK(a.poststart_hooks == b.poststart_hooks);
  CHECK(a.poststop_hooks == b.poststop_hooks);
  CHECK(a.pivoted == b.pivoted);
  CHECK(a.host_mounts == b.host_mounts);
  CHECK(a.resctrl_groups == b.resctrl_groups);
  CHECK(a.found_cgroups == b.found_cgroups);
}

Error refused(const std::string& text) {
  const auto state = from_json(text);
  INFO(text.substr(0, 2000));
  REQUIRE_FALSE(state.ok());
  CHECK_FALSE(state.error().message.empty());
  CHECK(state.error().message.size() < 600);
  return state.error();
}

std::string with(const std::string& pointer, const Json& value) {
  Json json = Json::parse(to_json(full_state()));
  json[Json::json_pointer(pointer)] = value;
  return json.dump();
}

// The pointers of every value in the document, the document's own first.
void add_pointers(const Json& json, const std::string& at, std::vector<std::string>& all) {
  all.push_back(at);
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items()) {
    std::string token = key;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] == '/') token.replace(i, 1, "~1");
    }
    add_pointers(value, at + "/" + token, all);
  }
}

}  // namespace

TEST_CASE("a state comes back as it was written", "[container]") {
  for (const ContainerState& state : {full_state(), plain_state()}) {
    const auto read = from_json(to_json(state));
    INFO((read.ok() ? std::string() : read.error().message));
    REQUIRE(read.ok());
    check_equal(*read, state);
  }
  for (const auto manager :
       {CgroupManager::cgroupfs, CgroupManager::systemd, CgroupManager::disabled}) {
    for (const auto mode : {cgroups::Mode::v1, cgroups::Mode::hybrid, cgroups::Mode::v2}) {
      ContainerState state = full_state();
      state.cgroup_manager = manager;
      state.cgroup.mode = mode;
      const auto read = from_json(to_json(state));
      REQUIRE(read.ok());
      check_equal(*read, state);
    }
  }
}

TEST_CASE("bytes that are no text do not keep a state from being written", "[container]") {
  ContainerState state = plain_state();
  state.bundle = "/b\xff";

  CHECK(from_json(to_json(state)).ok());
  CHECK(Json::accept(to_libcontainer_json(state)));
}

TEST_CASE("a pid is a pid, not what is left of another number", "[container][STA-12]") {
  CHECK(from_json(with("/pid", 1)).value().pid == 1);
  CHECK(from_json(with("/pid", 2147483647)).value().pid == 2147483647);
  for (const Json& value :
       {Json(2147483648U), Json(4294967297U), Json(18446744073709551615U), Json(-1),
        Json(INT64_MIN), Json(1.0), Json(1.5), Json(1e300), Json(true), Json("1"), Json(nullptr),
        Json::array({1}), Json::object()}) {
    const Error error = refused(with("/pid", value));
    CHECK(error.code == ErrorCode::internal);
    CHECK(error.message == "damaged: `pid` is not an integer from 0 to 2147483647");
  }
  // Integers beyond 64 bits are read as floating-point numbers.
  std::string text = to_json(full_state());
  text.replace(text.find("4194304"), 7, "36893488147419103232");
  CHECK_THAT(refused(text).message, Catch::StartsWith("damaged: `pid`"));
}

TEST_CASE("start times and namespaces are whole 64 bits", "[container][STA-12]") {
  for (const char* pointer : {"/startTimeTicks", "/namespaces"}) {
    CHECK(from_json(with(pointer, 0)).ok());
    CHECK(from_json(with(pointer, 18446744073709551615U)).ok());
    for (const Json& value : {Json(-1), Json(true), Json(0.5), Json("0"), Json(nullptr)}) {
      CHECK(refused(with(pointer, value)).code == ErrorCode::internal);
    }
  }
}

TEST_CASE("what delete would remove has to be an absolute path", "[container][OPS-19]") {
  for (const char* pointer : {"/bundle", "/rootfs", "/cgroup/directories/0/1", "/hostMounts/0",
                              "/resctrlGroups/0", "/foundCgroups/0"}) {
    for (const Json& value : {Json(""), Json("a/b"), Json("../a"), Json("/a\0b"s), Json(7)}) {
      INFO(pointer << " " << value.dump());
      CHECK(refused(with(pointer, value)).code == ErrorCode::internal);
    }
  }
}

TEST_CASE("words that are not known are not taken for others", "[container]") {
  CHECK(refused(with("/cgroupManager", "cgroupsfs")).message ==
        "damaged: unknown cgroup manager `cgroupsfs`");
  CHECK(refused(with("/cgroup/mode", "v3")).message == "damaged: unknown cgroup mode `v3`");
  CHECK(refused(with("/cgroup/mode", "")).message == "damaged: unknown cgroup mode ``");
}

TEST_CASE("a state of another format is refused by its version", "[container]") {
  const Error error = refused(with("/version", 2));
  CHECK(error.code == ErrorCode::unsupported);
  CHECK(error.message == "format version 2 is not 1");
  CHECK(refused(with("/version", 4294967297U)).code == ErrorCode::internal);
  CHECK(refused(with("/version", "1")).code == ErrorCode::internal);
}

TEST_CASE("members of a later version are ignored, missing ones are not", "[container]") {
  CHECK(from_json(with("/laterInvention", Json::array({1, 2}))).ok());

  const Json json = Json::parse(to_json(full_state()));
  std::size_t tried = 0;
  for (const auto& [name, value] : json.items()) {
    INFO("without " << name);
    Json without = json;
    without.erase(name);
    if (name == "hotMounts" || name == "rdtClass" || name == "phases" ||
        name == "ownPids") {  // newer than the first release
      CHECK(from_json(without.dump()).ok());
      continue;
    }
    CHECK(refused(without.dump()).code == ErrorCode::internal);
    ++tried;
  }
  CHECK(tried == 19);
}

TEST_CASE("text that is no state is refused", "[container]") {
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("{}"), std::string("[]"), std::string("null"),
        std::string("1"), std::string("\"a\""), std::string("{"), std::string("{}{}"),
        std::string("\0\0\0\0", 4), std::string("\xff\xfe"), std::string("\xef\xbb\xbf{}"),
        "{\"version\": \"" + std::string(100000, 'a'), std::string(50000, '['),
        std::string(50000, '[') + std::string(50000, ']')}) {
    CHECK(refused(text).code == ErrorCode::internal);
  }
}

TEST_CASE("a file that is cut short anywhere is refused", "[container]") {
  const std::string text = to_json(full_state());
  for (std::size_t size = 0; size < text.size(); ++size) {
    if (from_json(std::string_view(text).substr(0, size)).ok()) FAIL("cut at " << size);
  }
  SUCCEED();
}

TEST_CASE("every value replaced by every kind of value is refused or read, and never throws",
          "[container]") {
  const Json original = Json::parse(to_json(full_state()));
  std::vector<std::string> pointers;
  add_pointers(original, "", pointers);
  const std::vector<Json> values = {Json(nullptr),
                                    Json(true),
                                    Json(0),
                                    Json(-1),
                                    Json(INT64_MIN),
                                    Json(18446744073709551615U),
                                    Json(1e300),
                                    Json(""),
                                    Json("/x"),
                                    Json("\0"s),
                                    Json::array(),
                                    Json::object(),
                                    Json::array({Json::array()}),
                                    Json::array({"", ""}),
                                    Json::parse(R"({"a":["cpu","/c"]})")};
  std::size_t refusals = 0;
  std::size_t mutants = 0;
  for (const std::string& pointer : pointers) {
    for (const Json& value : values) {
      Json mutant = original;
      mutant[Json::json_pointer(pointer)] = value;
      const auto state = from_json(mutant.dump());
      ++mutants;
      if (!state.ok()) {
        ++refusals;
        continue;
      }
      // What was accepted is a state in every respect: it can be written and read again.
      INFO(pointer << " = " << value.dump());
      CHECK(from_json(to_json(*state)).ok());
      CHECK(state->pid >= 0);
    }
  }
  CHECK(pointers.size() >= 30);
  CHECK(refusals > mutants * 3 / 4);
  CHECK(refusals < mutants);
}

TEST_CASE("no scrambled bytes make reading a state fail otherwise than by an error",
          "[container]") {
  std::mt19937 random(20240131);  // NOLINT(cert-msc51-cpp): the same bytes each time
  const std::string original = to_json(full_state());
  std::size_t refusals = 0;
  constexpr int kRounds = 5000;
  for (int round = 0; round < kRounds; ++round) {
    std::string text = original;
    for (unsigned changes = 1 + static_cast<unsigned>(random()) % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 16));
      }
    }
    const auto state = from_json(text);
    if (!state.ok()) ++refusals;
  }
  CHECK(refusals > kRounds / 2);
  CHECK(refusals < kRounds);
}

TEST_CASE("Guardian's view decodes as libcontainer's state", "[container]") {
  const Json view = Json::parse(to_libcontainer_json(full_state()));

  CHECK(view.at("id") == "web1");
  CHECK(view.at("init_process_pid").is_number_integer());
  CHECK(view.at("init_process_pid") == 4194304);
  CHECK(view.at("init_process_start") == 18446744073709551615U);
  CHECK(view.at("created") == "2024-01-31T12:00:00.000000001Z");
  CHECK(view.at("config").at("rootfs") == "/srv/bundle/rootfs");
  CHECK(view.at("config").at("labels") ==
        Json::array({"bundle=/srv/bundle", "org.example.a=1", "org.example.empty="}));
  CHECK(view.at("rootless").is_boolean());
  CHECK(view.at("namespace_paths").is_object());
  CHECK(view.at("cgroup_paths") == Json({{"cpu", "/sys/fs/cgroup/cpu/web1"},
                                         {"cpuacct", "/sys/fs/cgroup/cpu/web1"},
                                         {"name=systemd", "/sys/fs/cgroup/systemd/web1"},
                                         {"", "/sys/fs/cgroup/unified/web1"}}));
}

TEST_CASE("Guardian finds the one cgroup of v2 under the empty name, and none where there is none",
          "[container]") {
  ContainerState state = plain_state();
  CHECK(Json::parse(to_libcontainer_json(state)).at("cgroup_paths") == Json::object());

  state.cgroup = {.mode = cgroups::Mode::v2, .directories = {{"", "/sys/fs/cgroup/a"}}};
  CHECK(Json::parse(to_libcontainer_json(state)).at("cgroup_paths") ==
        Json({{"", "/sys/fs/cgroup/a"}}));
}

TEST_CASE("the cgroup that Guardian writes is read, and what is no such document has none",
          "[container]") {
  CHECK(unified_cgroup_of_view(R"({"cgroup_paths": {"": "/sys/fs/cgroup/bad/a"}})") ==
        "/sys/fs/cgroup/bad/a");
  for (const char* text :
       {"", "{", "[]", "{}", R"({"cgroup_paths": []})", R"({"cgroup_paths": {"cpu": "/a"}})",
        R"({"cgroup_paths": {"": 5}})", R"({"cgroup_paths": {"": "a/b"}})"}) {
    INFO(text);
    CHECK_FALSE(unified_cgroup_of_view(text).has_value());
  }
}

TEST_CASE("the OCI state is the container's", "[container][STA-01][STA-02][STA-08][STA-09]") {
  const oci::State running = oci_state(full_state(), oci::Status::running, 17);
  CHECK(running.oci_version == "1.3.0");
  CHECK(running.id == "web1");
  CHECK(running.pid == 17);
  CHECK(running.status == oci::Status::running);
  CHECK(running.bundle == "/srv/bundle");
  CHECK(running.annotations == full_state().annotations);

  const oci::State stopped = stopped_state(full_state());
  CHECK(stopped.status == oci::Status::stopped);
  CHECK(stopped.pid == 0);
}

TEST_CASE("the time is RFC 3339 with nine digits of a second, in UTC", "[container]") {
  using Clock = std::chrono::system_clock;
  const auto seconds = [] { return std::chrono::floor<std::chrono::seconds>(Clock::now()); };
  const auto before = seconds();
  const std::string text = timestamp_now();
  const auto after = seconds();

  REQUIRE(text.size() == 30);
  const std::string shape = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    INFO(text << " at " << i);
    if (shape[i] == 'd') {
      CHECK((text[i] >= '0' && text[i] <= '9'));
    } else {
      CHECK(text[i] == shape[i]);
    }
  }
  const auto number = [&text](std::size_t at, std::size_t size) {
    return std::stoi(text.substr(at, size));
  };
  namespace chrono = std::chrono;
  const chrono::year_month_day date(chrono::year(number(0, 4)),
                                    chrono::month(static_cast<unsigned>(number(5, 2))),
                                    chrono::day(static_cast<unsigned>(number(8, 2))));
  const auto said = chrono::sys_days(date) + chrono::hours(number(11, 2)) +
                    chrono::minutes(number(14, 2)) + chrono::seconds(number(17, 2));
  CHECK(said >= before);
  CHECK(said <= after);
}

}  // namespace myrt::container
