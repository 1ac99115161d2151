// mm1_systemc - an M/M/1 queue at rho 0.9 in SystemC; prints the nanoseconds of one event.
#include <systemc>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "draw.h"

struct Queue : sc_core::sc_module {
    SC_HAS_PROCESS(Queue);
    explicit Queue(uint64_t events) : sc_module(sc_core::sc_module_name("queue")), left(events)
    {
        SC_METHOD(arrive);
        sensitive << arrival;
        dont_initialize();
        SC_METHOD(depart);
        sensitive << departure;
        dont_initialize();
        arrival.notify(sc_core::sc_time(1, sc_core::SC_NS));
    }

    static sc_core::sc_time after(double mean_ns)
    {
        return sc_core::sc_time((double)draw_exponential(mean_ns), sc_core::SC_NS);
    }

    void count()
    {
        if (--left == 0) {
            sc_core::sc_stop();
        }
    }

    void arrive()
    {
        count();
        arrival.notify(after(1e6 / 0.9));
        if (in_system++ == 0) {
            departure.notify(after(1e6));
        }
    }

    void depart()
    {
        count();
        if (--in_system > 0) {
            departure.notify(after(1e6));
        }
    }

    sc_core::sc_event arrival, departure;
    uint64_t in_system = 0, left;
};

int sc_main(int count, char **arguments)
{
    const uint64_t events = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000000;
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
    Queue queue(events);
    const auto start = std::chrono::steady_clock::now();
    sc_core::sc_start();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::printf("%.2f\n", took.count() / (double)events);
    return 0;
}
