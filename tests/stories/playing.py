"""Plays a story on a stage of its own; shared by the tests of this folder."""

from varde_simulator import clock
from varde_simulator.play import Play
from varde_simulator.stage import Stage


def act_on_board(virtual, playing, act):
    """Call `act` as soon as there is a board: how long the programs before it take is unknown."""
    if playing.board is None:
        virtual.call_later(10_000, act_on_board, virtual, playing, act)
    else:
        act(playing)


def play(folder, story, act=None, seed=1):
    """The play, what came of it, and the receiver's rows."""
    stage = Stage(folder, story.start, story.heartbeat_min, seed)
    told = []

    async def run():
        async with stage:
            playing = Play(stage, story, seed, listener=lambda who, what: told.append((who, what)))
            if act is not None:
                act_on_board(stage.clock, playing, act)
            draw = await playing.run()
            rows = await stage.host.readings()
            repeats = await stage.host.repeats()
        return playing, draw(rows, repeats), rows

    playing, outcome, rows = clock.run(stage.clock, run())
    assert outcome.problems == (), told
    return playing, outcome, rows
