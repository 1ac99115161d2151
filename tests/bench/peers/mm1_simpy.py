# mm1_simpy - an M/M/1 queue at rho 0.9 in SimPy 4, 3 or 2; prints the nanoseconds of one event.
#
# Debian's package is SimPy 2.
import random
import sys
import time

draw = random.Random(1).expovariate


def run_simpy(customers):
    import simpy

    def customer(env, server):
        with server.request() as turn:
            yield turn
            yield env.timeout(draw(1.0))

    def arrivals(env, server):
        for _ in range(customers):
            yield env.timeout(draw(0.9))
            env.process(customer(env, server))

    env = simpy.Environment()
    env.process(arrivals(env, simpy.Resource(env)))
    env.run()


def run_simpy_2(customers):
    from SimPy.Simulation import Process, Resource, Simulation, hold, release, request

    class Customer(Process):
        def visit(self, server):
            yield request, self, server
            yield hold, self, draw(1.0)
            yield release, self, server

    class Arrivals(Process):
        def come(self, server):
            for _ in range(customers):
                yield hold, self, draw(0.9)
                one = Customer(sim=self.sim)
                self.sim.activate(one, one.visit(server))

    sim = Simulation()
    sim.initialize()
    server = Resource(sim=sim)
    source = Arrivals(sim=sim)
    sim.activate(source, source.come(server))
    sim.simulate(until=1e18)


def main():
    events = int(sys.argv[1])
    start = time.perf_counter_ns()
    try:
        run_simpy(events // 2)
    except ImportError:
        run_simpy_2(events // 2)
    print(f"{(time.perf_counter_ns() - start) / events:.2f}")


main()
