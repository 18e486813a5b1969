// Names and properties of the units that containers are.
#include <bit>

#include "cgroups/plan.h"
#include "cgroups/reach.h"
#include "tests/support/catch.h"

namespace myrt::cgroups::systemd {
namespace {

Unit unit(std::string_view path, std::string_view id = "web1") {
  const auto result = unit_of(path, id, "system.slice");
  INFO(path);
  REQUIRE(result.ok());
  return *result;
}

Write write(std::string file, std::string value) {
  return {.controller = "", .file = std::move(file), .value = std::move(value), .pointer = ""};
}

std::string text_of(const Properties& properties) {
  std::string text;
  for (const Property& property : properties) {
    text +=
        fmt::format("{}={}{} ", property.name, property.value.signature, to_string(property.value));
  }
  return text;
}

std::string limits(const Writes& writes) { return text_of(limit_properties(writes, 100'000)); }

std::string parsed(std::string_view text) {
  const auto value = parse_value(text);
  return value.ok() ? value->signature + " " + to_string(*value) : "refused";
}

}  // namespace

TEST_CASE("slice:prefix:name is a scope in a slice", "[cgroups][systemd][CGP-10][CGP-12]") {
  CHECK(unit("machine.slice:libpod:abc") ==
        Unit{"libpod-abc.scope", "machine.slice", "/machine.slice/libpod-abc.scope"});
  CHECK(unit("machine.slice::abc").name == "abc.scope");
  CHECK(unit("") == Unit{"myrt-web1.scope", "system.slice", "/system.slice/myrt-web1.scope"});
  CHECK(unit(":docker:abc").path == "/system.slice/docker-abc.scope");
}

TEST_CASE("dashes nest slices, and a dash alone is the root", "[cgroups][systemd][CGP-11]") {
  CHECK(unit("kubepods-burstable-pod1.slice:cri-containerd:a").path ==
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/"
        "cri-containerd-a.scope");
  CHECK(unit("-:docker:a").path == "/docker-a.scope");
  CHECK(unit("-:docker:a").slice == "-.slice");
}

TEST_CASE("a name that ends in .slice is that slice", "[cgroups][systemd][CGP-12]") {
  CHECK(unit("::my-own.slice") == Unit{"my-own.slice", "my.slice", "/my.slice/my-own.slice"});
  CHECK(unit("my.slice::my-own.slice").slice == "my.slice");
  CHECK(unit("::my.slice").slice == "-.slice");
}

TEST_CASE("what a unit name cannot have is escaped", "[cgroups][systemd]") {
  CHECK(unit("", "a+b").name == "myrt-a\\x2bb.scope");
}

TEST_CASE("paths that name no unit are refused", "[cgroups][systemd][CGP-05][CGP-10]") {
  for (const char* path : {"/a/b", "a", "a.slice:b", "a.slice:b:c:d", "a.slice:b:", "a:b:c",
                           "a/b.slice:c:d", "a--b.slice:c:d", "-a.slice:c:d", "a-.slice:c:d",
                           "a.slice:../x:y", "a b.slice:c:d", "other.slice::my-own.slice",
                           "::-.slice", "::.slice", "::a-slice-with-a-long-name--b.slice"}) {
    const auto refused = unit_of(path, "web1", "system.slice");
    INFO(path);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().pointer == "/linux/cgroupsPath");
  }
  CHECK_FALSE(unit_of("a.slice:b:" + std::string(250, 'c'), "web1", "system.slice").ok());
  CHECK_FALSE(unit_of("::" + std::string(250, 'c') + ".slice", "web1", "system.slice").ok());
  CHECK_FALSE(unit_of(std::string(250, 'a') + ".slice:b:c", "web1", "system.slice").ok());
}

TEST_CASE("limits are properties where there is one", "[cgroups][systemd][CGP-13]") {
  CHECK(limits({write("memory.max", "67108864"), write("memory.swap.max", "max")}) ==
        "MemoryMax=t67108864 MemorySwapMax=tinfinity ");
  CHECK(limits({write("memory.low", "1"), write("memory.high", "2"), write("memory.min", "3")}) ==
        "MemoryLow=t1 MemoryHigh=t2 MemoryMin=t3 ");
  CHECK(limits({write("cpu.weight", "39"), write("cpu.max", "50000 200000")}) ==
        "CPUWeight=t39 CPUQuotaPerSecUSec=t250000 CPUQuotaPeriodUSec=t200000 ");
  CHECK(limits({write("cpu.max", "50000")}) ==
        "CPUQuotaPerSecUSec=t500000 CPUQuotaPeriodUSec=t100000 ");
  CHECK(limits({write("cpu.max", "max 100000")}) ==
        "CPUQuotaPerSecUSec=tinfinity CPUQuotaPeriodUSec=t100000 ");
  CHECK(limits({write("cpuset.cpus", "0,2-3,9"), write("cpuset.mems", "0")}) ==
        "AllowedCPUs=ay[13, 2] AllowedMemoryNodes=ay[1] ");
  CHECK(limits({write("cpuset.cpus", "\n")}) == "AllowedCPUs=ay[] ");
  CHECK(limits({write("io.weight", "default 500")}) == "IOWeight=t500 ");
}

TEST_CASE("a pids limit of 0 is 1 to systemd", "[cgroups][systemd][CPI-01]") {
  CHECK(limits({write("pids.max", "0")}) == "TasksMax=t1 ");
  CHECK(limits({write("pids.max", "max")}) == "TasksMax=tinfinity ");
}

TEST_CASE("a later write wins, and idle is a weight of 0", "[cgroups][systemd][CUN-06]") {
  CHECK(limits({write("memory.max", "1"), write("pids.max", "5"), write("memory.max", "2")}) ==
        "MemoryMax=t2 TasksMax=t5 ");
  CHECK(limits({write("cpu.idle", "1")}) == "CPUWeight=t0 ");
  CHECK(limits({write("cpu.idle", "0")}).empty());
}

TEST_CASE("the weight that systemd knows is io.weight's", "[cgroups][systemd][CBI-01]") {
  Write weight = write("io.bfq.weight", "default 100");
  weight.alternative = Alternative{.file = "io.weight", .value = "default 910"};
  CHECK(limits({weight}) == "IOWeight=t910 ");
}

TEST_CASE("values that systemd cannot have are left to the kernel", "[cgroups][systemd]") {
  CHECK(limits({write("cpuset.cpus", "3-1"), write("cpuset.mems", "x"), write("memory.max", "1G"),
                write("io.weight", "8:0 100"), write("io.max", "8:0 rbps=1"),
                write("hugetlb.2MB.max", "0"), write("memory.oom.group", "1"),
                write("cpu.max", "1 0")})
            .empty());
}

TEST_CASE("annotations are properties in GVariant's text format", "[cgroups][systemd][CGP-14]") {
  CHECK(parsed("true") == "b true");
  CHECK(parsed("'inactive-or-failed'") == "s 'inactive-or-failed'");
  CHECK(parsed(R"("it's")") == "s 'it's'");
  CHECK(parsed(R"('it\'s')") == "s 'it's'");
  CHECK(parsed("5") == "i 5");
  CHECK(parsed("-5") == "i -5");
  CHECK(parsed("int16 -32768") == "n -32768");
  CHECK(parsed("0x10") == "i 16");
  CHECK(parsed("uint64 18446744073709551615") == "t infinity");
  CHECK(parsed("byte 255") == "y 255");
  CHECK(parsed("1.5") == "d 1.5");
  CHECK(parsed("['a', 'b']") == "as ['a', 'b']");
  CHECK(parsed("@as []") == "as []");
  CHECK(parsed("@at [1, 2]") == "at [1, 2]");
  CHECK(parsed("@aa(sai) []") == "aa(sai) []");
  CHECK(parsed("objectpath '/a/b_1'") == "o '/a/b_1'");
  CHECK(parsed("signature 'a(sv)u'") == "g 'a(sv)u'");
  CHECK(parsed("[('/dev/sda', uint64 5)]") == "a(st) [('/dev/sda', 5)]");
}

TEST_CASE("annotations that are no value are refused", "[cgroups][systemd][CGP-14]") {
  for (const char* text : {"", "yes", "'open", "[]", "[1, 'a']", "[1", "1 2", "byte 256",
                           "uint32 -1", "int16 -32769", "2147483648", "uint64 18446744073709551616",
                           "(", "()", "@", "@s 5", "boolean 5", "objectpath 5", "[1,]", "'\\",
                           // The bus would hang up on these without a word.
                           "@aZ []", "@a []", "@a{sv} []", "@a() []", "@a(s []", "@asas []",
                           "signature 'a'", "signature '(i'", "objectpath 'a'", "objectpath '/a/'",
                           "objectpath '/a//b'", "objectpath '/a-b'"}) {
    INFO(text);
    CHECK(parsed(text) == "refused");
  }
  CHECK(parsed(std::string(1000, '[')) == "refused");
}

TEST_CASE("a property in seconds is one in microseconds", "[cgroups][systemd][CGP-14]") {
  const auto properties = annotated_properties({{"org.example", "x"},
                                                {"org.systemd.property.TimeoutStopSec", "5"},
                                                {"org.systemd.property.RuntimeMaxSec", "1.5"},
                                                {"org.systemd.property.WatchdogUSec", "uint64 7"}});
  REQUIRE(properties.ok());
  CHECK(text_of(*properties) ==
        "RuntimeMaxUSec=t1500000 TimeoutStopUSec=t5000000 WatchdogUSec=t7 ");
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"org.systemd.property.TimeoutStopSec", "'soon'"},
                                          {"org.systemd.property.TimeoutStopSec2", "5"},
                                          {"org.systemd.property.", "5"},
                                          {"org.systemd.property.CollectMode", "inactive"}}) {
    const auto refused = annotated_properties({{name, value}});
    INFO(name);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().pointer == "/annotations/" + name);
  }
  const auto escaped = annotated_properties({{"org.systemd.property.a/~", "5"}});
  CHECK(escaped.error().pointer == "/annotations/org.systemd.property.a~1~0");
}

TEST_CASE("an annotation wins over what we would set", "[cgroups][systemd][CGP-14]") {
  const Unit scope = unit("a.slice:b:c");
  const auto properties = unit_properties(scope, "web1", {write("pids.max", "7")},
                                          {{"org.systemd.property.CollectMode", "'inactive'"},
                                           {"org.systemd.property.TasksMax", "uint64 9"}});
  REQUIRE(properties.ok());
  CHECK(text_of(*properties) ==
        "Description=s'myrt container web1' Slice=s'a.slice' Delegate=btrue "
        "DefaultDependencies=bfalse CollectMode=s'inactive' CPUAccounting=btrue "
        "MemoryAccounting=btrue IOAccounting=btrue TasksAccounting=btrue TasksMax=t9 ");
}

TEST_CASE("a slice is not delegated", "[cgroups][systemd][CGP-12]") {
  const auto properties = unit_properties(unit("::a-b.slice"), "web1", {}, {});
  REQUIRE(properties.ok());
  CHECK(text_of(*properties)
            .starts_with("Description=s'myrt container web1' Wants=as['a.slice'] "
                         "DefaultDependencies=bfalse "));
}

}  // namespace myrt::cgroups::systemd

namespace myrt::cgroups {
namespace {

Host v2_host() {
  return {.mode = Mode::v2,
          .hierarchies = {{.controllers = {}, .mount_point = "/cg", .own_path = "/x"}}};
}

Inputs with_systemd() {
  return {.container_id = "web1",
          .rootless = Rootless::no,
          .user_namespace = UserNamespace::initial,
          .systemd = SystemdHost{.bus = "unix:path=/bus",
                                 .root = "/user.slice/user@7.service",
                                 .default_slice = "user.slice"}};
}

}  // namespace

TEST_CASE("the plan has the unit and its cgroup below the manager's", "[cgroups][systemd]") {
  oci::Spec spec;
  spec.linux.emplace();
  spec.linux->resources.emplace();
  spec.linux->resources->pids_limit = 1;
  const auto planned = plan(spec, v2_host(), with_systemd());
  REQUIRE(planned.ok());
  REQUIRE(planned->unit.has_value());
  CHECK(planned->unit->address == systemd::UnitAddress{"unix:path=/bus", "myrt-web1.scope"});
  REQUIRE(planned->directories.size() == 1);
  CHECK(planned->directories[0].mount_point == "/cg");
  CHECK(planned->directories[0].path == "/user.slice/user@7.service/user.slice/myrt-web1.scope");
  // systemd sets the limit at once, so it is lifted for the clones of the set-up.
  REQUIRE(planned->before_join.size() == 1);
  CHECK(planned->before_join[0].file == "pids.max");
  CHECK(planned->before_join[0].value == "max");
}

TEST_CASE("the common ancestor of two cgroups is at a slash", "[cgroups][systemd]") {
  CHECK(common_ancestor("/a/b/c", "/a/b/d") == "/a/b");
  CHECK(common_ancestor("/a/b", "/a/bc") == "/a");
  CHECK(common_ancestor("/a/b", "/a/b/c") == "/a/b");
  CHECK(common_ancestor("/a/b/c", "/a/b") == "/a/b");
  CHECK(common_ancestor("/a", "/a") == "/a");
  CHECK(common_ancestor("/a", "/b").empty());
  CHECK(common_ancestor("", "/b").empty());
  CHECK(common_ancestor("/cg/", "/cg/x") == "/cg");
}

TEST_CASE("systemd's driver is refused on cgroup v1", "[cgroups][systemd]") {
  Host host = v2_host();
  host.mode = Mode::hybrid;
  const auto refused = plan(oci::Spec(), host, with_systemd());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::unsupported);
  CHECK(refused.error().message ==
        "the systemd cgroup driver needs cgroup v2, and this host has hybrid: "
        "use --cgroup-manager=cgroupfs");
}

}  // namespace myrt::cgroups
