// mm1_ns3 - an M/M/1 queue at rho 0.9 in ns-3; prints the nanoseconds of one event.
#include <ns3/core-module.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "draw.h"

using namespace ns3;

static uint64_t in_system, left_to_do;

static void Count()
{
    if (--left_to_do == 0) {
        Simulator::Stop();
    }
}

static void Depart()
{
    Count();
    if (--in_system > 0) {
        Simulator::Schedule(NanoSeconds(draw_exponential(1e6)), &Depart);
    }
}

static void Arrive()
{
    Count();
    Simulator::Schedule(NanoSeconds(draw_exponential(1e6 / 0.9)), &Arrive);
    if (in_system++ == 0) {
        Simulator::Schedule(NanoSeconds(draw_exponential(1e6)), &Depart);
    }
}

int main(int count, char **arguments)
{
    const uint64_t events = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000000;
    left_to_do = events;
    if (count > 2) {
        Simulator::SetScheduler(ObjectFactory(std::string("ns3::") + arguments[2]));
    }
    Simulator::Schedule(NanoSeconds(1), &Arrive);
    const auto start = std::chrono::steady_clock::now();
    Simulator::Run();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::printf("%.2f\n", took.count() / (double)events);
    Simulator::Destroy();
    return 0;
}
