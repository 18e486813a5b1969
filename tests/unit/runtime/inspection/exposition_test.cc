#include "runtime/inspection/exposition.h"

#include <limits>

#include "tests/support/catch.h"

using namespace myrt;
using inspection::exposition;
using inspection::Reading;

namespace {

Reading reading() {
  Reading reading;
  reading.id = "web1";
  reading.bundle = "/b\"\\";
  reading.status = "running";
  reading.created_seconds = 1767323045.5;
  reading.phases = {{"parse", 250}, {"wait for init", 1000001}};
  reading.usage.cpu_us = 1500000;
  reading.usage.memory_bytes = 4096;
  reading.usage.memory_oom_kill = 2;
  reading.usage.io.push_back({8, 0, 10, 20, 1, 2});
  reading.usage.cpu_pressure.some_us = 7;
  return reading;
}

bool has(const std::string& text, const char* line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("the text format calls a counter's family as its samples") {
  const std::string text =
      exposition({reading()}, {"1.0", "abc", "", ""}, MetricsFormat::prometheus);
  CHECK(has(text, "# TYPE myrt_container_cpu_usage_seconds_total counter"));
  CHECK(has(text, "myrt_container_cpu_usage_seconds_total{id=\"web1\"} 1.500000"));
  CHECK(has(text, "# TYPE myrt_container_info gauge"));
  CHECK(has(text, "myrt_container_info{id=\"web1\",bundle=\"/b\\\"\\\\\"} 1"));
  CHECK(has(text, "myrt_container_memory_events_total{id=\"web1\",event=\"oom_kill\"} 2"));
  CHECK(has(text, "myrt_container_io_written_bytes_total{id=\"web1\",device=\"8:0\"} 20"));
  CHECK(has(text, "myrt_container_created_timestamp_seconds{id=\"web1\"} 1767323045.500"));
  CHECK(has(text, "# TYPE myrt_container_creation_phase_seconds gauge"));
  CHECK(has(text, "myrt_container_creation_phase_seconds{id=\"web1\",phase=\"parse\"} 0.000250"));
  CHECK(has(text,
            "myrt_container_creation_phase_seconds{id=\"web1\",phase=\"wait for init\"} 1.000001"));
  CHECK(text.find("# EOF") == std::string::npos);
}

TEST_CASE("OpenMetrics calls a counter's family without its suffix and has an end") {
  const std::string text =
      exposition({reading()}, {"1.0", "abc", "", ""}, MetricsFormat::openmetrics);
  CHECK(has(text, "# TYPE myrt_container_cpu_usage_seconds counter"));
  CHECK(has(text, "myrt_container_cpu_usage_seconds_total{id=\"web1\"} 1.500000"));
  CHECK(has(text, "# TYPE myrt_container info"));
  CHECK(text.ends_with("\n# EOF\n"));
}

TEST_CASE("seconds have all their zeros") {
  const auto line = [](std::uint64_t microseconds) {
    Reading one = reading();
    one.usage.cpu_us = microseconds;
    const std::string text = exposition({one}, {"1.0", "abc", "", ""}, MetricsFormat::prometheus);
    const std::string name = "myrt_container_cpu_usage_seconds_total{id=\"web1\"} ";
    const std::size_t at = text.find(name) + name.size();
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(line(0) == "0.000000");
  CHECK(line(7) == "0.000007");
  CHECK(line(999999) == "0.999999");
  CHECK(line(1000000) == "1.000000");
  CHECK(line(12000034) == "12.000034");
  CHECK(line(std::numeric_limits<std::uint64_t>::max()) == "18446744073709.551615");
}

TEST_CASE("a family without samples has no heading") {
  const std::string text =
      exposition({reading()}, {"1.0", "abc", "", ""}, MetricsFormat::prometheus);
  CHECK(text.find("myrt_container_pids") == std::string::npos);
}

TEST_CASE("the time of creation is read in UTC") {
  CHECK(inspection::parse_timestamp("2026-01-02T03:04:05.500000000Z") == 1767323045.5);
  CHECK(inspection::parse_timestamp("1970-01-01T00:00:01Z") == 1.0);
  CHECK(inspection::parse_timestamp("") == 0.0);
  CHECK(inspection::parse_timestamp("2026-99-02T03:04:05Z") == 0.0);
  for (const char* text : {"z026-01-02T03:04:05Z", "-026-01-02T03:04:05Z", "2026-01-02 03:04:05",
                           "2026-01-02T03:04:-5Z"}) {
    INFO(text);
    CHECK(inspection::parse_timestamp(text) == 0.0);
  }
}
