#include "runtime/inspection/exec_capabilities.h"

#include "tests/support/catch.h"

using namespace myrt::inspection;
using myrt::capabilities::Plan;

TEST_CASE("execve makes of capabilities what capabilities(7) says") {
  struct Case {
    const char* name;
    Plan before;
    IsRoot is_root;
    NoNewPrivileges no_new_privileges;
    myrt::capabilities::Set permitted, effective;
  };
  const Plan sets{.bounding = 7,
                  .effective = 1,
                  .inheritable = 8,
                  .permitted = 9,
                  .ambient = 0,
                  .warnings = {},
                  .remarks = {}};
  Plan ambient = sets;
  ambient.ambient = 8;
  const Case cases[] = {
      {"root gets all of bounding and inheritable", sets, IsRoot::yes, NoNewPrivileges::off, 15,
       15},
      {"no_new_privs keeps root from gaining", sets, IsRoot::yes, NoNewPrivileges::on, 9, 9},
      {"a user loses all", sets, IsRoot::no, NoNewPrivileges::off, 0, 0},
      {"a user keeps the ambient ones", ambient, IsRoot::no, NoNewPrivileges::on, 8, 8},
  };
  for (const Case& example : cases) {
    CAPTURE(example.name);
    const Plan after = after_exec(example.before, example.is_root, example.no_new_privileges);
    CHECK(after.permitted == example.permitted);
    CHECK(after.effective == example.effective);
    CHECK(after.bounding == example.before.bounding);
  }
}
