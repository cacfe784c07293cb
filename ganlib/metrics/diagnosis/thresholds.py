"""What is still well and what no longer: every threshold of the checks, once, with where it comes from.

"Healthy" and "sick" are the runs of `python -m bench.sick`, which prints them with what is found.
"""

#: A run is not accused before a quarter of it lies behind and three looks have been taken: untrained generators draw one picture.
EARLY, LOOKS = 0.25, 3

#: Discriminator overfit, (E D(train) - E D(heldout)) / (E D(train) - E D(generated)) (Karras et al. 2020, section 3.1): from 1/2
#: on held-out pictures are judged nearer to generated ones than to those learned from; so many standard errors above nothing.
OVERFIT, OVERFIT_ERRORS = 0.5, 3.0

#: Variety in coarse pixels, as a share of real pictures', below which a generator has collapsed where it is not on the rise.
#: Healthy ones end at 0.63 (GLO, rising) to 1.05.
VARIETY, RISE = 0.5, 1.1

#: Coverage in coarse pixels, as a share of what real pictures cover, up to which what is drawn is unlike them. Healthy: from 0.3.
UNLIKE = 0.1

#: How often held-out pictures score above generated ones: always or as good as, or no more often than by a toss. Healthy: 0.55 to
#: 0.99, of late looks on average.
ALWAYS, TOSS = 0.995, 0.52

#: Gradients, times those of the first step: explosions beyond, vanished below. Healthy: 0.04 to some hundreds.
EXPLODED, VANISHED = 1e4, 3e-3

#: Oscillation: turns of the distance from better to worse or back that are larger than so many standard errors and than this
#: share of the distance, in so many of the places where it could turn.
SWING_ERRORS, SWING, TURNS = 4.0, 0.25, 0.5

#: Memorisation: copies beyond the share that held-out pictures show, at so small a probability of chance.
COPIED, COPIED_CHANCE = 0.01, 0.01
