"""What is still well and what no longer: every threshold of the checks, once, with where it comes from.

"Healthy" and "sick" are the runs of `python -m bench.sick`, which prints them with what is found.
"""

#: A run is not accused before a quarter of it lies behind and three looks have been taken: untrained generators draw one picture.
EARLY, LOOKS = 0.25, 3

#: Discriminator overfit, (E D(train) - E D(heldout)) / (E D(train) - E D(generated)) (Karras et al. 2020, section 3.1), over the
#: late looks, and at least so many standard errors. Healthy: within 0.1 of 0, with strong augmentation 0.25 (below two errors);
#: on 200 pictures from 0.36, on 20 from 1.5. From 1/2 on held-out pictures are judged nearer to generated than to known ones.
OVERFIT, OVERFIT_ERRORS = 0.3, 3.0

#: Variety in coarse pixels, as a share of real pictures', below which a generator has collapsed where it is not on the rise.
#: Healthy ones end at 0.63 (GLO, rising) to 1.05.
VARIETY, RISE = 0.5, 1.1

#: Coverage in coarse pixels, as a share of what real pictures cover: up to the first what is drawn is unlike them, and from the
#: second on like enough that its neighbours tell what it shows. Healthy ends: from 0.3.
UNLIKE, LIKE = 0.1, 0.5

#: How often held-out pictures score above generated ones: always or as good as, or no more often than by a toss. Healthy: 0.55 to
#: 0.99, of late looks on average.
ALWAYS, TOSS = 0.995, 0.52

#: Gradients, times those of the first step: explosions beyond, vanished below. Healthy: 0.04 to some hundreds.
EXPLODED, VANISHED = 1e4, 3e-3

#: Oscillation: a relapse makes the distance so many times what it had been, beyond so many standard errors; once may be chance.
LOST, RELAPSE_ERRORS, RELAPSES = 2.0, 4.0, 2

#: Memorisation: copies beyond the share that held-out pictures show, at so small a probability of chance.
COPIED, COPIED_CHANCE = 0.01, 0.01
