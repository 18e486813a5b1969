#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("versions that are not 1.x.y are refused", "[oci-spec][VER-01][VER-04]") {
  check_rows({
      BrokenRow{"VER-01", R"({"ociVersion": null})", "/ociVersion", "is required"},
      {"VER-01", R"({"ociVersion": ""})", "/ociVersion", "expected a semantic version, got ``"},
      {"VER-01", R"({"ociVersion": "invalid"})", "/ociVersion",
       "expected a semantic version, got `invalid`"},
      {"VER-01", R"({"ociVersion": "1"})", "/ociVersion", "expected a semantic version, got `1`"},
      {"VER-01", R"({"ociVersion": "1.0"})", "/ociVersion",
       "expected a semantic version, got `1.0`"},
      {"VER-01", R"({"ociVersion": "1.0.01"})", "/ociVersion",
       "expected a semantic version, got `1.0.01`"},
      {"CFG-04", R"({"ociVersion": 1})", "/ociVersion", "expected string, got integer"},
      {"VER-04", R"({"ociVersion": "0.9.0"})", "/ociVersion",
       "expected major version 1, got `0.9.0`"},
      {"VER-04", R"({"ociVersion": "2.0.0"})", "/ociVersion",
       "expected major version 1, got `2.0.0`"},
      {"VER-04", R"({"ociVersion": "10.0.0"})", "/ociVersion",
       "expected major version 1, got `10.0.0`"},
  });
}

TEST_CASE("every 1.x.y version is accepted", "[oci-spec][VER-02][VER-03]") {
  check_rows({
      AcceptedRow{"VER-02", R"({"ociVersion": "1.0.0"})"},
      {"VER-02", R"({"ociVersion": "1.0.2-dev"})"},
      {"VER-02", R"({"ociVersion": "1.1.0+dev"})"},
      {"VER-02", R"({"ociVersion": "1.3.0-rc.1"})"},
      {"VER-03", R"({"ociVersion": "1.4.0"})"},
  });
}

TEST_CASE("the root is required and has a path", "[oci-spec][ROO-01][ROO-02][ROO-03]") {
  check_rows({
      BrokenRow{"ROO-01", R"({"root": null})", "/root", "is required"},
      {"ROO-02", R"({"root": {"path": null}})", "/root/path", "is required"},
      {"ROO-02", R"({"root": {"path": ""}})", "/root/path", "must not be empty"},
      {"ROO-03", R"({"root": {"readonly": "yes"}})", "/root/readonly",
       "expected boolean, got string"},
      {"CFG-04", R"({"root": "rootfs"})", "/root", "expected object, got string"},
  });
  check_rows({
      AcceptedRow{"ROO-02", R"({"root": {"path": "/srv/rootfs"}})"},
      {"ROO-03", R"({"root": {"readonly": true}})"},
  });
}

TEST_CASE("mounts need a destination, and binds a source", "[oci-spec][MNT-02][MNT-05][MNT-07]") {
  check_rows({
      BrokenRow{"MNT-02", R"({"mounts": [{"source": "/a"}]})", "/mounts/0/destination",
                "is required"},
      {"MNT-02", R"({"mounts": [{"destination": ""}]})", "/mounts/0/destination",
       "must not be empty"},
      {"MNT-05", R"({"mounts": [{"destination": "/a", "options": ["rbind"]}]})", "/mounts/0/source",
       "is required for a bind mount"},
      {"MNT-07", R"({"mounts": [{"destination": "/a", "type": "bind"}]})", "/mounts/0/source",
       "is required for a bind mount"},
      {"CFG-04", R"({"mounts": {"destination": "/a"}})", "/mounts", "expected array, got object"},
      {"CFG-04", R"({"mounts": [{"destination": "/a"}, "/b"]})", "/mounts/1",
       "expected object, got string"},
      {"CFG-04", R"({"mounts": [{"destination": "/a", "options": ["ro", 1]}]})",
       "/mounts/0/options/1", "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{"MNT-02", R"({"mounts": [{"destination": "data"}]})"},
      {"MNT-05", R"({"mounts": [{"destination": "/a", "source": "b", "options": ["bind"]}]})"},
      {"MNT-05", R"({"mounts": [{"destination": "/a", "options": ["remount", "bind", "ro"]}]})"},
      {"MNT-06", R"({"mounts": [{"destination": "/a", "type": "tmpfs"}]})"},
  });
}

TEST_CASE("an idmapped mount has both mappings", "[oci-spec][IDM-02][IDM-06][IDM-07]") {
  check_rows({
      BrokenRow{
          "IDM-02",
          R"({"mounts": [{"destination": "/a", "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]})",
          "/mounts/0/gidMappings", "is required beside uidMappings"},
      {"IDM-02",
       R"({"mounts": [{"destination": "/a", "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]})",
       "/mounts/0/uidMappings", "is required beside gidMappings"},
      {"IDM-07",
       R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"]}]})",
       "/mounts/0/options/1", "`idmap` needs uidMappings and gidMappings, or a user namespace"},
      {"IDM-07",
       R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["ridmap", "bind"]}]})",
       "/mounts/0/options/0", "`ridmap` needs uidMappings and gidMappings, or a user namespace"},
      {"IDM-01",
       R"({"mounts": [{"destination": "/a",
           "uidMappings": [{"containerID": 0, "hostID": 1, "size": 0}],
           "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]})",
       "/mounts/0/uidMappings/0/size", "expected an integer from 1 to 4294967295, got 0"},
  });
  check_rows({
      AcceptedRow{"IDM-03",
                  R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"],
              "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}],
              "gidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]})"},
      {"IDM-06",
       R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"]}],
           "linux": {"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}]}})"},
  });
}

TEST_CASE("names of the host need a uts namespace", "[oci-spec][HST-01][HST-02]") {
  check_rows({
      BrokenRow{"HST-01", R"({"hostname": "web"})", "/hostname", "needs a uts namespace"},
      {"HST-01", R"({"hostname": "web", "linux": null})", "/hostname", "needs a uts namespace"},
      {"HST-02", R"({"domainname": "example.org"})", "/domainname", "needs a uts namespace"},
      {"HST-01",
       R"({"hostname": "a23456789012345678901234567890123456789012345678901234567890abcde",
           "linux": {"namespaces": [{"type": "uts"}]}})",
       "/hostname", "expected at most 64 bytes, got 65"},
      {"CFG-04", R"({"hostname": 5, "linux": {"namespaces": [{"type": "uts"}]}})", "/hostname",
       "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{
          "HST-01",
          R"({"hostname": "web", "domainname": "x", "linux": {"namespaces": [{"type": "uts"}]}})"},
      {"HST-01",
       R"({"hostname": "web", "linux": {"namespaces": [{"type": "uts", "path": "/proc/1/ns/uts"}]}})"},
      {"HST-01", R"({"hostname": ""})"},
  });
}

TEST_CASE("hooks have an absolute path and a timeout above zero", "[oci-spec][HOK-02][HOK-05]") {
  check_rows({
      BrokenRow{"HOK-02", R"({"hooks": {"prestart": [{"args": ["a"]}]}})", "/hooks/prestart/0/path",
                "is required"},
      {"HOK-02", R"({"hooks": {"createRuntime": [{"path": "/a"}, {"path": "b"}]}})",
       "/hooks/createRuntime/1/path", "expected an absolute path, got `b`"},
      {"HOK-02", R"({"hooks": {"createContainer": [{"path": "b"}]}})",
       "/hooks/createContainer/0/path", "expected an absolute path, got `b`"},
      {"HOK-02", R"({"hooks": {"startContainer": [{"path": ""}]}})", "/hooks/startContainer/0/path",
       "expected an absolute path, got ``"},
      {"HOK-02", R"({"hooks": {"poststop": [{"path": "./b"}]}})", "/hooks/poststop/0/path",
       "expected an absolute path, got `./b`"},
      {"HOK-05", R"({"hooks": {"poststart": [{"path": "/a", "timeout": 0}]}})",
       "/hooks/poststart/0/timeout", "expected a timeout above 0, got 0"},
      {"HOK-05", R"({"hooks": {"poststop": [{"path": "/a", "timeout": -1}]}})",
       "/hooks/poststop/0/timeout", "expected a timeout above 0, got -1"},
      {"HOK-05", R"({"hooks": {"poststop": [{"path": "/a", "timeout": 1.5}]}})",
       "/hooks/poststop/0/timeout", "expected integer, got number"},
      {"CFG-04", R"({"hooks": {"prestart": {"path": "/a"}}})", "/hooks/prestart",
       "expected array, got object"},
  });
  check_rows({
      AcceptedRow{"HOK-03",
                  R"({"hooks": {"poststop": [{"path": "/a", "args": [], "timeout": 1}]}})"},
      {"HOK-01", R"({"hooks": {"prestart": [], "unknownMoment": [{"path": 1}]}})"},
  });
}

TEST_CASE("annotations are strings under names that are not empty",
          "[oci-spec][ANN-01][ANN-02][ANN-03]") {
  check_rows({
      BrokenRow{"ANN-01", R"({"annotations": {"": "x"}})", "/annotations/",
                "expected a name that is not empty"},
      {"ANN-01", R"({"annotations": {"a": 1}})", "/annotations/a", "expected string, got integer"},
      {"ANN-01", R"({"annotations": {"a/b~c": true}})", "/annotations/a~1b~0c",
       "expected string, got boolean"},
      {"ANN-01", R"({"annotations": []})", "/annotations", "expected object, got array"},
  });
  check_rows({
      AcceptedRow{"ANN-02", R"({"annotations": {"org.opencontainers.unknown": "x"}})"},
      {"ANN-03", R"({"annotations": {}})"},
      {"ANN-03", R"({"annotations": {"a": ""}})"},
  });
}

}  // namespace myrt::oci
