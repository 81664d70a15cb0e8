"""What the quick start loaded, so that it can take away all of it and nothing else."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class StarterObject(models.Model):
    """One loaded object. The row outlives its object: what was removed once is not loaded again by itself."""

    key = models.CharField(max_length=200, unique=True)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="starter_objects")
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")
    loaded_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "Startinhalt"
        verbose_name_plural = "Startinhalte"

    def __str__(self) -> str:
        return self.key
