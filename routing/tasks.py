"""Celery tasks: ids in, one action called, safe to run twice."""

from celery import shared_task

from routing.actions import backtesting, deciding, letters, running


@shared_task(name="routing.decide_due")
def decide_due() -> None:
    """Decide everything that is due."""
    deciding.decide_due()


@shared_task(name="routing.run_step")
def run_step(step_id: int) -> None:
    """Run one step, when it is due and nobody else runs it."""
    running.run_step(step_id)


@shared_task(name="routing.run_due_steps")
def run_due_steps() -> None:
    """Run steps that are due, for some seconds."""
    running.run_due_steps()


@shared_task(name="routing.send_letters")
def send_letters() -> None:
    """Send the letters that are due."""
    letters.send_letters()


@shared_task(name="routing.run_backtest")
def run_backtest(backtest_id: int) -> None:
    """Go on with a back-test, when it is due and nobody else works on it."""
    backtesting.run_backtest(backtest_id)
