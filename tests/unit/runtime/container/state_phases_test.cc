#include "runtime/container/container_state.h"
#include "tests/support/catch.h"

namespace myrt::container {

TEST_CASE("phases that are added to a text are those of the state", "[container]") {
  ContainerState state;
  state.id = "a";
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  std::string text = to_json(state);
  const std::string without = text;
  add_phases(text, {});
  CHECK(text == without);

  state.phases = {{"parse", 0}, {"plan", 18446744073709551615U}};
  add_phases(text, state.phases);

  CHECK(text == to_json(state));
  CHECK_THAT(text, Catch::Contains(
                       R"(,"phases":{"parse":0,"plan":18446744073709551615},"cgroupManager":)"));
  CHECK(from_json(text, Extent::metrics)->phases == state.phases);
  CHECK(from_json(text, Extent::metrics)->namespaces == 0);
  CHECK(from_json(text)->phases == state.phases);
}

}  // namespace myrt::container
