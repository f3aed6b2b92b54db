"""Networks as published, at any width: LeNet-5, AlexNet, VGG and GoogLeNet."""

from .alexnet import AlexNet
from .inception import GoogLeNet, GoogLeNetOutputs, Inception
from .lenet import LeNet5
from .vgg import VGG

__all__ = ["VGG", "AlexNet", "GoogLeNet", "GoogLeNetOutputs", "Inception", "LeNet5"]
