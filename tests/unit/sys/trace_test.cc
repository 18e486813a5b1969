#include "sys/trace.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::sys {
namespace {

using Json = nlohmann::json;

std::vector<std::string> names_of(const Json& events, const std::string& process) {
  std::vector<std::string> names;
  for (const Json& event : events) {
    if (event.value("cat", "") == process) names.push_back(event.at("name"));
  }
  return names;
}

double end_of(const Json& event) {
  return event.at("ts").get<double>() + event.at("dur").get<double>();
}

}  // namespace

TEST_CASE("a trace that was not opened takes everything and does nothing", "[sys][trace]") {
  const Trace trace;

  trace.enter("parse");
  trace.begin_clone("join");
  trace.write_clone("init", 1);

  CHECK(trace.close().ok());
}

TEST_CASE("the phases follow each other without a gap", "[sys][trace]") {
  const test::TempDir dir;
  const Trace trace = Trace::open(dir / "trace.json").value();
  trace.enter("parse");
  trace.enter("plan");

  REQUIRE(trace.close().ok());

  const Json events = Json::parse(dir.read("trace.json"));
  CHECK(names_of(events, "runtime") == std::vector<std::string>{"start-up", "parse", "plan"});
  CHECK(events.at(0).at("args").at("name") == "runtime");
  CHECK(events.at(1).at("pid") == ::getpid());
  for (std::size_t i = 2; i < events.size(); ++i) {
    CHECK(events[i].at("ts").get<double>() == Approx(end_of(events[i - 1])).margin(0.002));
  }
}

TEST_CASE("a clone writes its own phases, and the file stays well-formed", "[sys][trace]") {
  const test::TempDir dir;
  const Trace trace = Trace::open(dir / "trace.json").value();
  trace.enter("spawn");
  const Trace in_clone = Trace::open(dir / "other.json").value();
  in_clone.enter("inherited");

  in_clone.begin_clone("join");
  in_clone.enter("mounts");
  in_clone.write_clone("init", 42);
  REQUIRE(in_clone.close().ok());

  const Json events = Json::parse(dir.read("other.json"));
  CHECK(names_of(events, "init") == std::vector<std::string>{"join", "mounts"});
  CHECK(events.at(0) ==
        Json{{"name", "process_name"}, {"ph", "M"}, {"pid", 42}, {"args", {{"name", "init"}}}});
}

TEST_CASE("a trace that cannot be written is an error with its path", "[sys][trace]") {
  const test::TempDir dir;

  const auto trace = Trace::open(dir / "no/trace.json");

  REQUIRE_FALSE(trace.ok());
  CHECK(trace.error().message.find("no/trace.json`: no such file") != std::string::npos);
}

}  // namespace myrt::sys
