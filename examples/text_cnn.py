"""A network for text: words slide through windows of 2, 3 and 4, and the largest answer over time is kept.

Whatever the length of a sentence, its vector has one value for each window's filter: 96 of them. The task is made up:
does the sentence say "not" right before "good"? Bags of words cannot tell.
"""

import keras
import numpy as np
from lesson import show
from numpy.typing import NDArray

import keras_cnnstats as cnnstats
from keras_cnnstats import layers

WORDS = 30
NOT, GOOD = 3, 7
WIDTHS = (2, 3, 4)
FILTERS = 32
Sentences = NDArray[np.int64]


def encoder() -> keras.Model:
    """Sentences of any length, as numbers of words, become vectors of fixed length."""
    words = keras.Input((None,), dtype="int32", name="words")
    x = keras.layers.Embedding(WORDS, 16, name="embedding")(words)
    largest = []
    for width in WIDTHS:
        seen = layers.ReferenceConv1D(FILTERS, width, activation="relu", name=f"windows_of_{width}")(x)
        largest.append(keras.layers.GlobalMaxPooling1D(name=f"largest_of_{width}")(seen))
    return keras.Model(words, keras.layers.Concatenate(name="vector")(largest), name="encoder")


def classifier() -> keras.Model:
    """The vector of a sentence, and a dense layer that answers."""
    vector = encoder()
    answer = keras.layers.Dense(1, activation="sigmoid", name="answer")(vector.output)
    return keras.Model(vector.input, answer, name="text_cnn")


def sentences(random: np.random.Generator, count: int, length: int) -> tuple[Sentences, Sentences]:
    """Sentences in which "not" and "good" both occur, one behind the other in every second of them, and the answers."""
    others = [word for word in range(1, WORDS) if word not in (NOT, GOOD)]
    words = random.choice(others, (count, length))
    answers = np.arange(count) % 2
    for sentence, answer in zip(words, answers, strict=True):
        place = random.integers(length - 1)
        apart = random.integers(2, length)
        sentence[place] = NOT
        sentence[place + 1 if answer else (place + apart) % length] = GOOD
    # The other way round, "good not", is one of those that are apart.
    return words, answers


def main() -> None:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    model = classifier()
    cnnstats.report(model, input_shape=(20,))

    print("\nThe vector has the same length, whatever that of the sentence:")
    vector = keras.Model(model.input, model.get_layer("vector").output)
    for length in (7, 20, 50):
        made = vector(sentences(random, 2, length)[0])
        show(f"{length} words", tuple(made.shape))
        assert tuple(made.shape) == (2, FILTERS * len(WIDTHS))

    words, answers = sentences(random, 4000, 20)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(words, answers, batch_size=64, epochs=4, verbose=0)
    print("\nTrained on sentences of 20 words, held against sentences that it has not seen:")
    for length in (7, 20, 50):
        _, accuracy = model.evaluate(*sentences(random, 500, length), batch_size=500, verbose=0)
        show(f"{length} words", f"{accuracy:.1%} right")
        assert accuracy > 0.95


if __name__ == "__main__":
    main()
