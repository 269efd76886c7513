"""Work through an executor: bounded, in no fixed order, stopped by an error."""

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from survey.transfer.executor import answers


def square(x):
    return x * x


def test_the_same_answers_by_everyone():
    expected = {f"{n}": n * n for n in range(50)}
    tasks = [(f"{n}", n) for n in range(50)]
    assert list(answers(square, tasks)) == list(expected.items())
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes):
            assert dict(answers(square, tasks, executor)) == expected
    assert list(answers(square, [])) == []


def test_tasks_are_made_only_when_there_is_room():
    made = []

    def tasks():
        for n in range(100):
            made.append(n)
            yield n, n

    with ThreadPoolExecutor(2) as executor:
        ready = answers(square, tasks(), executor, ahead=3)
        next(ready)
        assert len(made) == 6  # two workers, three ahead of each
        assert len([1 for _ in ready]) == 99


def test_an_error_cancels_what_has_not_begun():
    begun, gate = [], threading.Event()

    def work(n):
        begun.append(n)
        if n == 0:
            raise ArithmeticError("no")
        gate.wait(5)

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(ArithmeticError):
            list(answers(work, ((n, n) for n in range(9)), executor, ahead=9))
        gate.set()
    assert begun in ([0], [0, 1])


def test_whoever_stops_asking_cancels_the_rest():
    begun, gate = [], threading.Event()

    def work(n):
        begun.append(n)
        if n:
            gate.wait(5)

    with ThreadPoolExecutor(1) as executor:
        ready = answers(work, ((n, n) for n in range(9)), executor, ahead=9)
        next(ready)
        ready.close()
        gate.set()
    assert begun in ([0], [0, 1])
