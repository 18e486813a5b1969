#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("namespaces are known, single and joined by absolute paths",
          "[oci-spec][NSP-01][NSP-02][NSP-04][NSP-07]") {
  check_rows({
      BrokenRow{"NSP-01", R"({"linux": {"namespaces": [{"type": "net"}]}})",
                "/linux/namespaces/0/type", "unknown namespace type `net`"},
      {"NSP-01", R"({"linux": {"namespaces": [{}]}})", "/linux/namespaces/0/type", "is required"},
      {"NSP-04", R"({"linux": {"namespaces": [{"type": "pid", "path": "ns/pid"}]}})",
       "/linux/namespaces/0/path", "expected an absolute path, got `ns/pid`"},
      {"NSP-07",
       R"({"linux": {"namespaces": [{"type": "ipc"}, {"type": "pid"}, {"type": "ipc"}]}})",
       "/linux/namespaces/2/type", "is the same as that of /linux/namespaces/0"},
      {"CFG-04", R"({"linux": {"namespaces": [{"type": "pid", "path": 1}]}})",
       "/linux/namespaces/0/path", "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{"NSP-02", R"({"linux": {"namespaces": [{"type": "time"}, {"type": "cgroup"}]}})"},
      {"NSP-04", R"({"linux": {"namespaces": [{"type": "pid", "path": "/proc/1/ns/pid"}]}})"},
      {"CFG-09", R"({"linux": null})"},
      {"CFG-09", R"({"linux": {}})"},
  });
}

TEST_CASE("a new user namespace has mappings of real ids", "[oci-spec][IDS-01][NSP-09]") {
  check_rows({
      BrokenRow{
          "IDS-01",
          R"({"linux": {"namespaces": [{"type": "user"}], "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}})",
          "/linux/uidMappings", "is required for a new user namespace"},
      {"IDS-01",
       R"({"linux": {"namespaces": [{"type": "user"}], "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}})",
       "/linux/gidMappings", "is required for a new user namespace"},
      {"IDS-01", R"({"linux": {"uidMappings": [{"containerID": 0, "size": 1}]}})",
       "/linux/uidMappings/0/hostID", "is required"},
      {"IDS-01", R"({"linux": {"uidMappings": [{"hostID": 0, "size": 1}]}})",
       "/linux/uidMappings/0/containerID", "is required"},
      {"IDS-01", R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 0}]}})",
       "/linux/gidMappings/0/size", "is required"},
      {"IDS-01", R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 0, "size": 0}]}})",
       "/linux/gidMappings/0/size", "expected an integer from 1 to 4294967295, got 0"},
      {"IDS-01",
       R"({"linux": {"gidMappings": [{"containerID": 0, "hostID": 4294967290, "size": 6}]}})",
       "/linux/gidMappings/0", "6 ids from 4294967290 go beyond 4294967294"},
  });
  check_rows({
      AcceptedRow{"IDS-01",
                  R"({"linux": {"namespaces": [{"type": "user"}],
              "uidMappings": [{"containerID": 0, "hostID": 0, "size": 4294967295}],
              "gidMappings": [{"containerID": 0, "hostID": 4294967290, "size": 5}]}})"},
      {"NSP-09", R"({"linux": {"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}]}})"},
      {"NSP-09",
       R"({"linux": {"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}],
           "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
           "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}})"},
  });
}

TEST_CASE("time offsets are for the clocks of a new time namespace",
          "[oci-spec][TIM-01][TIM-02][TIM-03]") {
  check_rows({
      BrokenRow{
          "TIM-02",
          R"({"linux": {"namespaces": [{"type": "time"}], "timeOffsets": {"realtime": {"secs": 1}}}})",
          "/linux/timeOffsets/realtime", "unknown clock `realtime`"},
      {"TIM-03", R"({"linux": {"timeOffsets": {"boottime": {"secs": 1}}}})", "/linux/timeOffsets",
       "needs a new time namespace"},
      {"TIM-03",
       R"({"linux": {"namespaces": [{"type": "time", "path": "/proc/1/ns/time"}],
           "timeOffsets": {"boottime": {"secs": 1}}}})",
       "/linux/timeOffsets", "needs a new time namespace"},
      {"TIM-01",
       R"({"linux": {"namespaces": [{"type": "time"}], "timeOffsets": {"boottime": {"nanosecs": 1000000000}}}})",
       "/linux/timeOffsets/boottime/nanosecs",
       "expected an integer from 0 to 999999999, got 1000000000"},
  });
  check_rows({
      AcceptedRow{
          "TIM-01",
          R"({"linux": {"namespaces": [{"type": "time"}], "timeOffsets": {"monotonic": {"secs": -1, "nanosecs": 999999999}}}})"},
      {"TIM-03", R"({"linux": {"timeOffsets": {}}})"},
  });
}

TEST_CASE("devices have a type, a path and numbers",
          "[oci-spec][DEV-02][DEV-03][DEV-05][DEV-06][DEV-07]") {
  check_rows({
      BrokenRow{"DEV-02", R"({"linux": {"devices": [{"path": "/a", "major": 1, "minor": 3}]}})",
                "/linux/devices/0/type", "is required"},
      {"DEV-02", R"({"linux": {"devices": [{"type": "a", "path": "/a", "major": 1, "minor": 3}]}})",
       "/linux/devices/0/type", "expected device type c, b, u or p, got `a`"},
      {"DEV-02", R"({"linux": {"devices": [{"type": "", "path": "/a", "major": 1, "minor": 3}]}})",
       "/linux/devices/0/type", "expected device type c, b, u or p, got ``"},
      {"DEV-03", R"({"linux": {"devices": [{"type": "c", "major": 1, "minor": 3}]}})",
       "/linux/devices/0/path", "is required"},
      {"DEV-03", R"({"linux": {"devices": [{"type": "p", "path": "dev/a"}]}})",
       "/linux/devices/0/path", "expected an absolute path, got `dev/a`"},
      {"DEV-05", R"({"linux": {"devices": [{"type": "u", "path": "/a", "minor": 3}]}})",
       "/linux/devices/0/major", "is required"},
      {"DEV-05", R"({"linux": {"devices": [{"type": "b", "path": "/a", "major": 3}]}})",
       "/linux/devices/0/minor", "is required"},
      {"DEV-05",
       R"({"linux": {"devices": [{"type": "b", "path": "/a", "major": -1, "minor": 0}]}})",
       "/linux/devices/0/major", "expected an integer from 0 to 4095, got -1"},
      {"DEV-05",
       R"({"linux": {"devices": [{"type": "b", "path": "/a", "major": 8, "minor": 1048576}]}})",
       "/linux/devices/0/minor", "expected an integer from 0 to 1048575, got 1048576"},
      {"DEV-06", R"({"linux": {"devices": [{"type": "p", "path": "/a", "fileMode": "0666"}]}})",
       "/linux/devices/0/fileMode", "expected integer, got string"},
      {"DEV-07", R"({"linux": {"devices": [{"type": "p", "path": "/a", "uid": 4294967295}]}})",
       "/linux/devices/0/uid", "expected an integer from 0 to 4294967294, got 4294967295"},
      {"DEV-07", R"({"linux": {"devices": [{"type": "p", "path": "/a", "gid": 4294967295}]}})",
       "/linux/devices/0/gid", "expected an integer from 0 to 4294967294, got 4294967295"},
  });
  check_rows({
      AcceptedRow{"DEV-05",
                  R"({"linux": {"devices": [{"type": "p", "path": "/a", "major": -7}]}})"},
      {"DEV-06",
       R"({"linux": {"devices": [{"type": "c", "path": "/a", "major": 1, "minor": 3, "fileMode": 8630}]}})"},
      {"DEV-08",
       R"({"linux": {"devices": [{"type": "c", "path": "/a", "major": 1, "minor": 3},
           {"type": "c", "path": "/b", "major": 1, "minor": 3}]}})"},
  });
}

TEST_CASE("network devices get names that the kernel takes", "[oci-spec][NET-02][NET-03][NET-05]") {
  check_rows({
      BrokenRow{"NET-03", R"({"linux": {"netDevices": {"eth0": {"name": ""}}}})",
                "/linux/netDevices/eth0/name", "must not be empty"},
      {"NET-03", R"({"linux": {"netDevices": {"eth0": {"name": "interface-name-16"}}}})",
       "/linux/netDevices/eth0/name",
       "expected a network interface's name, got `interface-name-16`"},
      {"NET-03", R"({"linux": {"netDevices": {"eth0": {"name": "a/b"}}}})",
       "/linux/netDevices/eth0/name", "expected a network interface's name, got `a/b`"},
      {"NET-03", R"({"linux": {"netDevices": {"eth0": {"name": "a b"}}}})",
       "/linux/netDevices/eth0/name", "expected a network interface's name, got `a b`"},
      {"NET-03", R"({"linux": {"netDevices": {"eth0": {"name": ".."}}}})",
       "/linux/netDevices/eth0/name", "expected a network interface's name, got `..`"},
      {"NET-05", R"({"linux": {"netDevices": {"eth0": {"name": "e%dx"}}}})",
       "/linux/netDevices/eth0/name", "expected a network interface's name, got `e%dx`"},
      {"NET-03", R"({"linux": {"netDevices": {"a/b": {}}}})", "/linux/netDevices/a~1b",
       "expected a network interface's name, got `a/b`"},
      {"NET-03", R"({"linux": {"netDevices": {"": {}}}})", "/linux/netDevices/",
       "expected a name that is not empty"},
      {"NET-02", R"({"linux": {"netDevices": {"eth0": {"name": 23}}}})",
       "/linux/netDevices/eth0/name", "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{"NET-02", R"({"linux": {"netDevices": {"eth0": {}, "ens4": {"name": "web0"}}}})"},
      {"NET-05", R"({"linux": {"netDevices": {"eth0": {"name": "web%d"}}}})"},
  });
}

TEST_CASE("resctrl schemas are single lines of their kind",
          "[oci-spec][RDT-03][RDT-09][RDT-10][RDT-11]") {
  check_rows({
      BrokenRow{"RDT-09", R"({"linux": {"intelRdt": {"l3CacheSchema": "MB:0=1"}}})",
                "/linux/intelRdt/l3CacheSchema", "expected to start with `L3:`, got `MB:0=1`"},
      {"RDT-09", R"({"linux": {"intelRdt": {"l3CacheSchema": "L3:0=1\nMB:0=1"}}})",
       "/linux/intelRdt/l3CacheSchema", "must not contain a newline"},
      {"RDT-10", R"({"linux": {"intelRdt": {"memBwSchema": "L3:0=1"}}})",
       "/linux/intelRdt/memBwSchema", "expected to start with `MB:`, got `L3:0=1`"},
      {"RDT-10", R"({"linux": {"intelRdt": {"memBwSchema": "MB:0=1\n"}}})",
       "/linux/intelRdt/memBwSchema", "must not contain a newline"},
      {"RDT-11", R"({"linux": {"intelRdt": {"schemata": ["L3:0=f", "MB:0=1\nL3:0=1"]}}})",
       "/linux/intelRdt/schemata/1", "must not contain a newline"},
      {"RDT-02", R"({"linux": {"intelRdt": {"closID": "../a"}}})", "/linux/intelRdt/closID",
       "expected `/` or the name of a directory, got `../a`"},
      {"RDT-02", R"({"linux": {"intelRdt": {"closID": ".."}}})", "/linux/intelRdt/closID",
       "expected `/` or the name of a directory, got `..`"},
  });
  check_rows({
      AcceptedRow{"RDT-03", R"({"linux": {"intelRdt": {"closID": "/"}}})"},
      {"RDT-09",
       R"({"linux": {"intelRdt": {"l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=70"}}})"},
      {"RDT-15",
       R"({"linux": {"intelRdt": {"closID": "gold", "enableCMT": 1, "enableMBM": "x"}}})"},
  });
}

TEST_CASE("propagation, paths and personality are checked",
          "[oci-spec][ROP-01][MSK-01][MSK-02][PER-01][PER-02]") {
  check_rows({
      BrokenRow{"ROP-01", R"({"linux": {"rootfsPropagation": "foo"}})", "/linux/rootfsPropagation",
                "unknown mount propagation `foo`"},
      {"MSK-01", R"({"linux": {"maskedPaths": ["/proc/kcore", "proc/keys"]}})",
       "/linux/maskedPaths/1", "expected an absolute path, got `proc/keys`"},
      {"MSK-02", R"({"linux": {"readonlyPaths": [""]}})", "/linux/readonlyPaths/0",
       "expected an absolute path, got ``"},
      {"PER-01", R"({"linux": {"personality": {}}})", "/linux/personality/domain", "is required"},
      {"PER-01", R"({"linux": {"personality": {"domain": "BSD"}}})", "/linux/personality/domain",
       "unknown execution domain `BSD`"},
      {"PER-02", R"({"linux": {"personality": {"domain": "LINUX", "flags": ["X"]}}})",
       "/linux/personality/flags", "no personality flags are defined"},
      {"SYS-01", R"({"linux": {"sysctl": {"net.ipv4.ip_forward": 1}}})",
       "/linux/sysctl/net.ipv4.ip_forward", "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{"ROP-02", R"({"linux": {"rootfsPropagation": "shared"}})"},
      {"ROP-03", R"({"linux": {"rootfsPropagation": "slave"}})"},
      {"ROP-04", R"({"linux": {"rootfsPropagation": "private"}})"},
      {"ROP-05", R"({"linux": {"rootfsPropagation": "unbindable"}})"},
      {"ROP-01", R"({"linux": {"rootfsPropagation": "rslave"}})"},
      {"PER-01", R"({"linux": {"personality": {"domain": "LINUX32", "flags": []}}})"},
  });
}

TEST_CASE("memory policies have the nodes that they need", "[oci-spec][MPL-01][MPL-02][MPL-03]") {
  check_rows({
      BrokenRow{"MPL-01", R"({"linux": {"memoryPolicy": {"nodes": "0"}}})",
                "/linux/memoryPolicy/mode", "is required"},
      {"MPL-01", R"({"linux": {"memoryPolicy": {"mode": "MPOL_FOO"}}})", "/linux/memoryPolicy/mode",
       "unknown memory policy `MPOL_FOO`"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": ""}}})",
       "/linux/memoryPolicy/nodes", "is required with `MPOL_BIND`"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_INTERLEAVE"}}})",
       "/linux/memoryPolicy/nodes", "is required with `MPOL_INTERLEAVE`"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL", "nodes": "0"}}})",
       "/linux/memoryPolicy/nodes", "`MPOL_LOCAL` takes no nodes"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0,3-1"}}})",
       "/linux/memoryPolicy/nodes", "expected a list of nodes up to 1023, got `0,3-1`"},
      {"MPL-03",
       R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_X"]}}})",
       "/linux/memoryPolicy/flags/0", "unknown memory policy flag `MPOL_F_X`"},
  });
  check_rows({
      AcceptedRow{
          "MPL-03",
          R"({"linux": {"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-3,7", "flags": ["MPOL_F_STATIC_NODES"]}}})"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": ""}}})"},
      {"MPL-02", R"({"linux": {"memoryPolicy": {"mode": "MPOL_PREFERRED"}}})"},
  });
}

}  // namespace myrt::oci
